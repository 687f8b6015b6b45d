"""The shapes of Wyoming's events, as far as this server reads them. Fields it does not know are ignored."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from routers.http.names import EngineName, LanguageTag, VoiceName
from stts.audio.pcm import HIGHEST_RATE, LOWEST_RATE, MOST_CHANNELS
from stts.engine_state import AUTO
from stts.speech import SynthesisConfig
from stts.transcription import TranscriptionConfig

TEXT_CHARACTERS = 10_000_000
"""No configuration allows more; the limit in force is `limits.text_characters`."""
HINT_CHARACTERS = 1000
"""Longest list of names and terms that may be said, in characters."""


Sensitivity = Literal["default", "relaxed", "aggressive"]


def _lower(value: object) -> object:
    return (value.strip().lower() or "default") if isinstance(value, str) else value


def _plain(value: object) -> object:
    """Reads an empty format and `auto` as plain text."""
    return "text" if value in ("", "auto") else value


def _words(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _voice(value: object) -> object:
    """Some clients send a voice's bare name, or an empty string for none."""
    return value if isinstance(value, dict) else {"name": value}


Words = Annotated[list[str], BeforeValidator(_words)]


class Shape(BaseModel):
    """Data of an event. Null is as good as absent; so is a missing voice, name or language in any form."""

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, values: Any) -> Any:
        return {name: value for name, value in values.items() if value is not None}


class AudioShape(Shape):
    """Data of audio-start and audio-chunk: integers, little-endian; the defaults are those of Home Assistant."""

    model_config = ConfigDict(frozen=True)

    rate: int = Field(16_000, ge=LOWEST_RATE, le=HIGHEST_RATE)
    """Hz."""
    width: int = Field(2, ge=1, le=4)
    """Bytes of a sample."""
    channels: int = Field(1, ge=1, le=MOST_CHANNELS)


class TranscribeShape(Shape):
    name: EngineName = AUTO
    """A model of the info."""
    language: LanguageTag = None
    vad_sensitivity: Annotated[Sensitivity, BeforeValidator(_lower)] = "default"
    transcript_names: Words = []
    """Names that are likely to be said."""
    transcript_terms: Words = []

    def config(self, program: str | None) -> TranscriptionConfig:
        hints = ", ".join([*self.transcript_names, *self.transcript_terms])
        return TranscriptionConfig(
            engine=program or AUTO if self.name == AUTO else self.name,
            language=self.language,
            prompt=hints[:HINT_CHARACTERS] or None,
        )


class VoiceShape(Shape):
    name: VoiceName = None
    """A voice of the info; goes before the language."""
    language: LanguageTag = None


class SpeakShape(Shape):
    """Data of synthesize-start."""

    voice: Annotated[VoiceShape, BeforeValidator(_voice)] = VoiceShape()
    text_format: Annotated[Literal["text"], BeforeValidator(_plain)] = "text"
    """Speech markup is not understood, so it is refused and not read out."""

    def config(self, program: str | None) -> SynthesisConfig:
        voice = self.voice
        return SynthesisConfig(
            engine=program or AUTO,
            voice=voice.name,
            language=voice.language if voice.name is None else None,
            format="pcm",
        )


class TextShape(Shape):
    """Data of synthesize-chunk."""

    text: str = Field(max_length=TEXT_CHARACTERS)


class SynthesizeShape(SpeakShape, TextShape):
    pass


class ProgramShape(Shape):
    """Data of select-program."""

    name: EngineName = AUTO
