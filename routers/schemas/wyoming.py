"""The shapes of Wyoming's events, as far as this server reads them. Fields it does not know are ignored."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from routers.schemas.names import EngineName, LanguageTag, VoiceName
from stts.audio.pcm import HIGHEST_RATE, LOWEST_RATE, MOST_CHANNELS
from stts.types import AUTO, SynthesisConfig, TranscriptionConfig

TEXT_CHARACTERS = 10_000_000
"""No configuration allows more; the limit in force is `limits.text_characters`."""
HINT_CHARACTERS = 1000
"""Of the names and terms that may be said."""


class AudioShape(BaseModel):
    """Of audio-start and audio-chunk: integers, little-endian."""

    model_config = ConfigDict(frozen=True)

    rate: int = Field(ge=LOWEST_RATE, le=HIGHEST_RATE)
    """Hz."""
    width: int = Field(ge=1, le=4)
    """Bytes of a sample."""
    channels: int = Field(ge=1, le=MOST_CHANNELS)


class TranscribeShape(BaseModel):
    name: EngineName = AUTO
    """A model of the info."""
    language: LanguageTag = None
    vad_sensitivity: Literal["default", "relaxed", "aggressive"] | None = None
    transcript_names: list[str] | None = None
    """Names that are likely to be said."""
    transcript_terms: list[str] | None = None

    def config(self, program: str | None) -> TranscriptionConfig:
        hints = ", ".join([*(self.transcript_names or ()), *(self.transcript_terms or ())])
        return TranscriptionConfig(
            engine=program or AUTO if self.name == AUTO else self.name,
            language=self.language,
            prompt=hints[:HINT_CHARACTERS] or None,
        )


class VoiceShape(BaseModel):
    name: VoiceName = None
    """A voice of the info; goes before the language."""
    language: LanguageTag = None


class SpeakShape(BaseModel):
    """Of synthesize-start."""

    voice: VoiceShape | None = None
    text_format: Literal["text"] | None = None
    """Speech markup is not understood, so it is refused and not read out."""

    def config(self, program: str | None) -> SynthesisConfig:
        voice = self.voice or VoiceShape()
        return SynthesisConfig(
            engine=program or AUTO,
            voice=voice.name,
            language=voice.language if voice.name is None else None,
            format="pcm",
        )


class TextShape(BaseModel):
    """Of synthesize-chunk."""

    text: str = Field(max_length=TEXT_CHARACTERS)


class SynthesizeShape(SpeakShape, TextShape):
    pass


class ProgramShape(BaseModel):
    """Of select-program."""

    name: EngineName = AUTO
