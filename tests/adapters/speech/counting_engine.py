"""An engine that notes what it is asked, and makes another sound of each sentence."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from importlib.metadata import EntryPoint

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from adapters.probes import PROBE_TEXT
from engines.registry import GROUP, Registry
from stts.engine_api import Abilities, EngineInfo, EngineLimits, Progress, Samples, SpeechParams, TTSEngine, Voice
from stts.text.sentences import sentences

RATE = 16_000
CHARACTER_SECONDS = 0.06

CALLS: list[tuple[str, str]] = []
"""Option `id` of the instance and text of each call but for probes, which follow a load sooner or later."""
FAILING: set[str] = set()
"""Texts that an engine breaks at, in their middle."""


class CountingOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = "counting"
    by_sentence: bool = True
    """It makes each sentence for itself."""
    most: int = 500
    """Longest piece, in characters."""
    level: float | None = -20.0
    factor: float | None = None
    """The real-time factor that it states."""


class CountingParameters(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    octave: int = Field(default=0, ge=0, le=1)


class CountingEngine(TTSEngine):
    Options = CountingOptions
    Parameters = CountingParameters
    options: CountingOptions

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="counting",
            kind="tts",
            description="Counts its calls, for tests",
            languages=("en", "de"),
            voices=(Voice("anna", "Anna", ("en", "de")), Voice("ben", "Ben", ("en", "de"))),
            default_voice="anna",
            sample_rate=RATE,
            level=self.options.level,
            abilities=Abilities(streaming=True, seed=True, speed=(0.5, 2.0)),
            limits=EngineLimits(max_characters=self.options.most),
            real_time_factor=self.options.factor,
            by_sentence=self.options.by_sentence,
        )

    def load(self, progress: Progress) -> None:
        progress("counting", 1.0)

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        if text != PROBE_TEXT:
            CALLS.append((self.options.id, text))
        for part in sentences(text, "en") if self.options.by_sentence else [text]:
            yield from self._sound(part, voice, params)

    def _sound(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        extra = params.extra if isinstance(params.extra, CountingParameters) else CountingParameters()
        asked = f"{text}{voice.id}{params.language}{params.seed}"
        frequency = (200.0 + zlib.crc32(asked.encode()) % 400) * (1 + extra.octave)
        total = int(len(text) * CHARACTER_SECONDS * RATE / params.speed)
        wave = (0.3 * np.sin(2 * np.pi * frequency * np.arange(total) / RATE)).astype(np.float32)
        for start in range(0, total, RATE // 10):
            if text in FAILING and start > total / 2:
                raise RuntimeError("it broke")
            yield wave[start : start + RATE // 10]


def registry() -> Registry:
    return Registry([EntryPoint("counting", f"{__name__}:CountingEngine", GROUP)])
