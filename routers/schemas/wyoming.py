"""The shapes of Wyoming's events, as far as this server reads them. Fields it does not know are ignored."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from stts.audio.pcm import HIGHEST_RATE, LOWEST_RATE, MOST_CHANNELS
from stts.types import AUTO, SynthesisConfig, TranscriptionConfig

NAME_CHARACTERS = 200
TEXT_CHARACTERS = 10_000_000
"""No configuration allows more; the limit in force is `limits.text_characters`."""
HINT_CHARACTERS = 1000
"""Of the names and terms that may be said."""


def _absent(value: object) -> object:
    """Clients send empty names and languages for none."""
    return None if value in ("", "auto") else value


Name = Annotated[str | None, BeforeValidator(_absent), Field(max_length=NAME_CHARACTERS)]
Language = Annotated[str | None, BeforeValidator(_absent), Field(min_length=2, max_length=35)]


class AudioShape(BaseModel):
    """Of audio-start and audio-chunk: integers, little-endian."""

    model_config = ConfigDict(frozen=True)

    rate: int = Field(ge=LOWEST_RATE, le=HIGHEST_RATE)
    """Hz."""
    width: int = Field(ge=1, le=4)
    """Bytes of a sample."""
    channels: int = Field(ge=1, le=MOST_CHANNELS)


class TranscribeShape(BaseModel):
    name: Name = None
    """A model of the info."""
    language: Language = None
    vad_sensitivity: Literal["default", "relaxed", "aggressive"] | None = None
    transcript_names: list[str] | None = None
    """Names that are likely to be said."""
    transcript_terms: list[str] | None = None

    def config(self, program: str | None) -> TranscriptionConfig:
        hints = ", ".join([*(self.transcript_names or ()), *(self.transcript_terms or ())])
        return TranscriptionConfig(
            engine=self.name or program or AUTO, language=self.language, prompt=hints[:HINT_CHARACTERS] or None
        )


class VoiceShape(BaseModel):
    name: Name = None
    """A voice of the info; goes before the language."""
    language: Language = None


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

    name: str = Field(max_length=NAME_CHARACTERS)
