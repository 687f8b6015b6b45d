"""Engines that clone, for tests: one with the parameters of Chatterbox Turbo, one with its own; and what they clone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from engines.tts.chatterbox_parameters import TurboParameters
from engines.tts.reference_voices import reference_samples
from stts.engine_api import Abilities, EngineInfo, EngineLimits, Progress, Samples, SpeechParams, TTSEngine, Voice
from stts.errors import EngineOutOfMemory
from stts.speech import AudioFormat
from tests.audio import encoded
from tests.stts.voices.recordings import RATE as READING_RATE
from tests.stts.voices.recordings import speech

RATE = 24_000
TURBO = {"chatterbox_turbo": f"{__name__}:TurboLike"}
OTHER = {"mimic": f"{__name__}:OtherCloner"}
FORMATS: dict[str, AudioFormat] = {".wav": "wav", ".mp3": "mp3", ".ogg": "opus", ".flac": "flac"}


@cache
def recording(seconds: float, suffix: str = ".wav") -> bytes:
    """A person who reads, from the start of a recording."""
    return encoded(speech()[: round(seconds * READING_RATE)], FORMATS[suffix], READING_RATE)


class TurboLike(TTSEngine):
    """Decodes what it is given, and speaks in a tone, the higher the longer the recording is, with clicks beyond full
    scale."""

    Parameters = TurboParameters
    told: ClassVar[list[tuple[str, Voice, TurboParameters]]] = []

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="chatterbox_turbo",
            kind="tts",
            description="Tones with clicks",
            languages=("en",),
            sample_rate=RATE,
            abilities=Abilities(cloning=True, seed=True),
            limits=EngineLimits(max_characters=280, reference_seconds=(5.0, 30.0)),
        )

    def load(self, progress: Progress) -> None:
        progress("tuning", 1.0)

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        assert isinstance(params.extra, TurboParameters) and voice.reference is not None
        self.told.append((text, voice, params.extra))
        if "explode" in text:
            raise RuntimeError("the tone broke")
        if "memory" in text:
            raise EngineOutOfMemory("chatterbox_turbo ran out of memory on cuda. Free some.")
        samples = reference_samples(Path(voice.reference), 4.9, 30.0)
        frequency = 100.0 * round(len(samples) / RATE)
        times = np.arange(int(0.06 * RATE * len(text))) / RATE
        wave = 0.1 * np.sin(2 * np.pi * frequency * times)
        wave[np.abs(times % 1.0 - 0.25) < 0.0005] = 1.5
        yield wave.astype(np.float32)


class OtherParameters(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    temperature: float = Field(default=0.3, ge=0, le=2)


class OtherCloner(TTSEngine):
    """Clones, with parameters of its own."""

    Parameters = OtherParameters
    given: ClassVar[list[OtherParameters]] = []

    @property
    def info(self) -> EngineInfo:
        return replace(TurboLike().info, name="mimic")

    def load(self, progress: Progress) -> None:
        progress("tuning", 1.0)

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        assert isinstance(params.extra, OtherParameters)
        self.given.append(params.extra)
        yield np.full(RATE // 2, 0.1, np.float32)
