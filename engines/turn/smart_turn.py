"""Smart Turn, version 3: judges from the last eight seconds of a speaker's voice whether the turn is over.

A small network over Whisper's features, as an ONNX file of the model catalogue or of the operator. It is given the
whole window, silence before a shorter turn included, at zero mean and unit variance. It was never taught what silence
is, and calls it a finished turn: who asks makes sure that somebody has spoken.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from engines.base_onnx import open_session
from engines.log_mel import BANDS, HOP, log_mel
from stts.engine_api import STT_SAMPLE_RATE, EngineInfo, EngineLimits, Progress, Samples, TurnEngine
from stts.errors import EngineError, EngineLoadFailed

MODEL = "smart-turn-v3.2"
SECONDS = 8
SAMPLES = SECONDS * STT_SAMPLE_RATE
INPUT = "input_features"
SHAPE = (1, BANDS, SAMPLES // HOP)


class SmartTurnOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(default=MODEL, description="A model of the catalogue, or its file (`smart-turn-v3.*.onnx`).")
    threads: int = Field(default=1, ge=1, le=64, description="Threads of one judgement.")


class SmartTurnEngine(TurnEngine):
    Options = SmartTurnOptions
    options: SmartTurnOptions

    _session: Any = None

    @cached_property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="smart_turn",
            kind="turn",
            description="Smart Turn v3: judges from the voice whether a speaker has finished",
            limits=EngineLimits(max_seconds=SECONDS, concurrency=1),
            packages=("onnxruntime",),
            install="pip install onnxruntime",
            licence="BSD-2-Clause",
            maker="Daily",
            homepage="https://github.com/pipecat-ai/smart-turn",
        )

    def weights_present(self) -> bool:
        return self._own_file() is not None or self.find_model(self.options.model) is not None

    def load(self, progress: Progress) -> None:
        self.require_installed()
        file = self._own_file() or next(self.require_model(self.options.model).glob("*.onnx"))
        session = open_session(str(file), self.options.threads)
        if [given.name for given in session.get_inputs()] != [INPUT]:
            raise EngineLoadFailed(f"The file of {self.option('model')} is not Smart Turn v3.")
        self._session = session
        self.finished(np.zeros(SAMPLES, np.float32))  # the first run is slow, and shows whether the shapes fit
        progress("ready", 1.0)

    def unload(self) -> None:
        self._session = None

    def _own_file(self) -> Path | None:
        """The file that the option names, if there is one."""
        file = Path(self.options.model).expanduser()
        return file if file.is_file() else None

    def finished(self, samples: Samples) -> float:
        session = self._session
        if session is None:
            raise EngineError("smart_turn is not loaded.")
        (result, *_) = session.run(None, {INPUT: features(samples)})
        return float(np.clip(np.asarray(result).reshape(-1)[0], 0.0, 1.0))


def features(samples: Samples) -> Samples:
    """Log-mel features of the last eight seconds, of shape (1, 80, 800). `samples`: mono at 16 kHz."""
    heard = samples[-SAMPLES:]
    window = np.pad(heard, (SAMPLES - len(heard), 0))
    even = (window - window.mean()) / np.sqrt(window.var() + 1e-7)
    return log_mel(even.astype(np.float32)).reshape(SHAPE)
