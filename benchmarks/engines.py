"""Engines whose speed is known, offered to the server as a stranger's package would offer them."""

from __future__ import annotations

import importlib.util
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from engines.tts.espeak import EspeakEngine
from stts.engine_api import (
    STT_SAMPLE_RATE,
    EngineInfo,
    EngineLimits,
    ListenParams,
    Progress,
    Samples,
    Segment,
    SpeechParams,
    STTEngine,
    TTSEngine,
    Voice,
)

RATE = 24_000
SECONDS_PER_CHARACTER = 1 / 15
VOICE = Voice("tone", "Tone", ("en",))


class EspeakInThread(EspeakEngine):
    """eSpeak NG as it was once: in a thread of the server."""

    @cached_property
    def info(self) -> EngineInfo:
        info = super().info
        limits = replace(info.limits, concurrency=1, spare=False)
        return replace(info, name="espeak_in_thread", runs_in="inline", limits=limits)


class PacedOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    speed: float = Field(default=20.0, gt=0)
    """Times real time."""
    block_seconds: float | None = Field(default=None, gt=0)
    """Audio in a block; None: all of a piece at once when its time is over, like a model that does not stream."""
    trace: str | None = None
    """File that gets a line for each start, block and end: what, and `time.monotonic()`."""


class PacedEngine(TTSEngine):
    """Takes a known time for its speech, without using the processor."""

    Options = PacedOptions

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="paced",
            kind="tts",
            description="Tones at a known speed",
            languages=("en",),
            voices=(VOICE,),
            default_voice=VOICE.id,
            sample_rate=RATE,
            limits=EngineLimits(max_characters=300),
        )

    def load(self, progress: Progress) -> None:
        progress("ready", 1.0)

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        assert isinstance(self.options, PacedOptions)
        self._trace("start")
        started = time.monotonic()
        speech = tone(len(text) * SECONDS_PER_CHARACTER)
        block = len(speech) if self.options.block_seconds is None else int(self.options.block_seconds * RATE)
        try:
            for first in range(0, len(speech), max(block, 1)):
                part = speech[first : first + block]
                due = started + (first + len(part)) / RATE / self.options.speed
                time.sleep(max(0.0, due - time.monotonic()))
                self._trace("block")
                yield part
        finally:
            self._trace("end")

    def _trace(self, what: str) -> None:
        assert isinstance(self.options, PacedOptions)
        if self.options.trace is not None:
            with Path(self.options.trace).open("a", encoding="utf-8") as file:
                file.write(f"{what} {time.monotonic()}\n")


class EarOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = "heard"
    """Whatever is said to it."""


class EarEngine(STTEngine):
    """Hears at once, so that what is measured is all the rest."""

    Options = EarOptions

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(name="ear", kind="stt", description="Answers at once", languages=("en",))

    def load(self, progress: Progress) -> None:
        progress("ready", 1.0)

    def transcribe(self, samples: Samples, params: ListenParams) -> Iterator[Segment]:
        assert isinstance(self.options, EarOptions)
        yield Segment(self.options.text, 0.0, len(samples) / STT_SAMPLE_RATE)


class MatrixEngine(TTSEngine):
    """Multiplies matrices in its thread for as long as its speech lasts: torch where it is installed, else numpy."""

    _multiply: Callable[[], object]

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="matrix",
            kind="tts",
            description="Keeps one thread busy",
            languages=("en",),
            voices=(VOICE,),
            default_voice=VOICE.id,
            sample_rate=RATE,
        )

    def load(self, progress: Progress) -> None:
        self._multiply = _torch_product() if matrix_library() == "torch" else _numpy_product()
        progress("ready", 1.0)

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        for _ in range(math.ceil(len(text) * SECONDS_PER_CHARACTER / 0.1)):
            until = time.monotonic() + 0.1
            while time.monotonic() < until:
                self._multiply()
            yield tone(0.1)


def matrix_library() -> str:
    return "torch" if importlib.util.find_spec("torch") else "numpy"


def _torch_product() -> Callable[[], object]:
    import torch

    torch.set_num_threads(1)
    values = torch.rand(512, 512)
    return lambda: values @ values


def _numpy_product() -> Callable[[], object]:
    values = np.random.default_rng(1).random((512, 512), np.float32)
    return lambda: values @ values


def tone(seconds: float) -> Samples:
    wave: Samples = (0.3 * np.sin(2 * np.pi * 220 / RATE * np.arange(int(seconds * RATE)))).astype(np.float32)
    return wave
