"""Engines for tests: ordinary implementations that arrive by the registry.

`registry()` gives the built-ins plus these. They are importable by `module:Class`, so a child process can make them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from engines.registry import GROUP, Registry
from stts.engine_api import (
    Abilities,
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
    Word,
)
from stts.settings import RoutingSettings
from stts.voices.blend import blend_id, read_blend

NO_FALL_BACK = RoutingSettings(fall_back=False, failures=100, realtime_factor=100.0)
"""For servers whose engines are made to fail, or are slow on a busy machine: nobody stands in."""


def registry(**more: str) -> Registry:
    """`more`: further engines, as `module:Class` by name."""
    targets = {
        "tone": "tests.fakes:ToneEngine",
        "echo": "tests.fakes:EchoEngine",
        "quick": "tests.fakes:LiveEchoEngine",
        **more,
    }
    return Registry([EntryPoint(name, target, GROUP) for name, target in targets.items()])


class ToneOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    speed: float = Field(default=float("inf"), gt=0)
    """Times real time at which it yields; infinite: at once."""
    fail_on: str = ""
    """A text that contains this raises RuntimeError."""


class ToneParameters(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    frequency: float = Field(default=220.0, ge=50, le=4000)
    """Hz."""


class ToneEngine(TTSEngine):
    """Speaks every character as 60 ms of a tone, in blocks of 100 ms."""

    Options = ToneOptions
    Parameters = ToneParameters

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="tone",
            kind="tts",
            description="Tones for tests",
            languages=("en",),
            voices=(Voice("low", "Low", ("en",)), Voice("high", "High", ("en",))),
            default_voice="low",
            sample_rate=16_000,
            level=-20.0,
            abilities=Abilities(streaming=True),
            limits=EngineLimits(max_characters=500),
        )

    def load(self, progress: Progress) -> None:
        progress("tuning", 1.0)

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        assert isinstance(self.options, ToneOptions)
        if self.options.fail_on and self.options.fail_on in text:
            raise RuntimeError("the tone broke")
        extra = params.extra if isinstance(params.extra, ToneParameters) else ToneParameters()
        total = int(len(text) * 0.06 * 16_000)
        wave = 0.5 * np.sin(2 * np.pi * extra.frequency * np.arange(total) / 16_000)
        for start in range(0, total, 1600):
            block = wave[start : start + 1600].astype(np.float32)
            if np.isfinite(self.options.speed):
                time.sleep(len(block) / 16_000 / self.options.speed)
            yield block


class UnpulledEngine(ToneEngine):
    """Speaks in tones when a model of the catalogue, `small`, is on the disk."""

    @property
    def info(self) -> EngineInfo:
        return replace(super().info, name="unpulled")

    def weights_present(self) -> bool:
        return self.find_model("small") is not None

    def load(self, progress: Progress) -> None:
        self.require_model("small")


class ClonerEngine(ToneEngine):
    """Speaks in a tone that a stored recording decides: the longer its file, the higher."""

    @property
    def info(self) -> EngineInfo:
        return replace(super().info, name="cloner", level=None, abilities=Abilities(cloning=True))

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        frequency = 100.0 if voice.reference is None else 200.0 + Path(voice.reference).stat().st_size / 100
        total = int(len(text) * 0.06 * 16_000)
        yield (0.5 * np.sin(2 * np.pi * frequency * np.arange(total) / 16_000)).astype(np.float32)


class BlenderEngine(ToneEngine):
    """Speaks in tones of two heights, and in blends of them."""

    HEIGHTS: ClassVar[Mapping[str, float]] = {"low": 200.0, "high": 400.0}
    """Hz."""

    @property
    def info(self) -> EngineInfo:
        return replace(super().info, name="blender", abilities=Abilities(blending=True))

    def find_voice(self, voice_id: str) -> Voice | None:
        parts = read_blend(voice_id)
        known = parts and all(part.name in self.HEIGHTS for part in parts)
        return Voice(parts[0].name if len(parts) == 1 else blend_id(parts)) if known else None

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        frequency = sum(part.weight * self.HEIGHTS[part.name] for part in read_blend(voice.id))
        total = int(len(text) * 0.06 * 16_000)
        yield (0.5 * np.sin(2 * np.pi * frequency * np.arange(total) / 16_000)).astype(np.float32)


class EchoEngine(STTEngine):
    """Hears one word a second of any audio: `word0 word1 ...`."""

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="echo",
            kind="stt",
            description="Counts seconds, for tests",
            languages=("en", "de"),
            abilities=Abilities(word_times=True, translation=True, language_detection=True, prompt=True),
            limits=EngineLimits(max_seconds=30.0),
        )

    def load(self, progress: Progress) -> None:
        progress("listening", 1.0)

    def transcribe(self, samples: Samples, params: ListenParams) -> Iterator[Segment]:
        seconds = len(samples) / 16_000
        words = tuple(
            Word(f"word{index}", float(index), min(index + 1.0, seconds)) for index in range(max(1, round(seconds)))
        )
        text = " ".join(word.text for word in words)
        yield Segment(text, 0.0, seconds, words if params.word_timestamps else (), params.language or "en")


class LiveEchoEngine(EchoEngine):
    """Live: hears a word in every 300 ms of audio, at once and without work."""

    WORD = 4800
    """Samples."""

    _heard = 0
    _params = ListenParams()

    @property
    def info(self) -> EngineInfo:
        return replace(
            super().info,
            name="quick",
            abilities=Abilities(word_times=True, live=True),
            limits=EngineLimits(max_seconds=30.0, live_sessions=1000),
        )

    def begin(self, params: ListenParams) -> None:
        self._heard, self._params = 0, params

    def hear(self, samples: Samples) -> str:
        self._heard += len(samples)
        return " ".join(f"word{index}" for index in range(self._heard // self.WORD))

    def end(self) -> list[Segment]:
        text, seconds, self._heard = self.hear(np.zeros(0, np.float32)), self._heard / 16_000, 0
        return [Segment(text, 0.0, seconds, language=self._params.language or "en")] if text else []
