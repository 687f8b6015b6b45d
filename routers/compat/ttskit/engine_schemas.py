"""The shapes in which TTSKit tells of engines and voices."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, Field

from adapters.descriptions import EngineDescription, OfferedVoice
from stts.languages import primary


class Capabilities(BaseModel):
    offline: bool
    ssml: bool = Field(description="False: tags of SSML are read over, not obeyed.")
    rate_control: bool
    pitch_control: bool
    max_text_length: int


class EngineInfo(BaseModel):
    name: str
    available: bool = Field(description="Whether it can speak here and now.")
    capabilities: Capabilities
    languages: list[str]
    voices: list[str]
    offline: bool

    @classmethod
    def of(cls, engine: EngineDescription, *, available: bool, voices: Iterable[str], characters: int) -> EngineInfo:
        offline = not engine.info.network
        return cls(
            name=engine.name,
            available=available,
            # Rate and pitch are changed after the engine, where it cannot do it itself.
            capabilities=Capabilities(
                offline=offline, ssml=False, rate_control=True, pitch_control=True, max_text_length=characters
            ),
            languages=codes(engine.info.languages),
            voices=[*voices],
            offline=offline,
        )


class VoiceInfo(BaseModel):
    name: str = Field(description="What `voice` takes.")
    engine: str
    language: str = Field(description="The first that it speaks; `unknown`: any that its engine does.")
    gender: str | None
    quality: str | None
    sample_rate: int | None = Field(description="Hz.")

    @classmethod
    def of(cls, offered: OfferedVoice) -> VoiceInfo:
        voice = offered.voice
        return cls(
            name=name_of(offered),
            engine=offered.engine.name,
            language=primary(voice.languages[0]) if voice.languages else "unknown",
            gender=voice.gender or None,
            quality=next((part for part in voice.id.split("-")[1:] if part in QUALITIES), None),
            sample_rate=voice.sample_rate or offered.engine.info.sample_rate,
        )


QUALITIES = ("x_low", "low", "medium", "high")
"""Ends of the names of Piper's voices."""


class EngineSummary(BaseModel):
    name: str = Field(description="What it is, for people.")
    languages: list[str]
    voices: list[str]
    features: list[str]
    quality: str | None = None
    latency: str | None = Field(None, description="By what was measured: very_low, low, medium or high.")

    @classmethod
    def of(cls, engine: EngineDescription) -> EngineSummary:
        info = engine.info
        abilities = info.abilities
        named = {
            "online": info.network,
            "offline": not info.network,
            "streaming": abilities.streaming,
            "cloning": abilities.cloning,
        }
        return cls(
            name=info.description,
            languages=codes(info.languages),
            voices=[voice.id for voice in engine.voices],
            features=[name for name, has in named.items() if has],
            latency=_latency(engine.reading.first_seconds),
        )


class EngineTest(BaseModel):
    success: bool = True
    engine: str
    test_text: str
    language: str
    duration: float = Field(description="Seconds.")
    size: int = Field(description="Bytes.")
    format: str = "wav"
    message: str


def codes(languages: Iterable[str]) -> list[str]:
    """Languages without their regions, each once."""
    return sorted({primary(tag) for tag in languages})


def name_of(offered: OfferedVoice) -> str:
    """A recording is called by its name, whatever its file ends in."""
    return offered.voice.id if offered.voice.reference is None else offered.name


def _latency(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return "very_low" if seconds < 0.1 else "low" if seconds < 0.5 else "medium" if seconds < 2.0 else "high"
