"""Requests of clients of the TTS Discord System, and the lists that they read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from routers.core.tts_schemas import TEXT_FIELD_CHARACTERS
from routers.http.names import LanguageTag
from stts.settings.section import Section, fixed

EXTENSIONS = (".wav", ".mp3", ".ogg", ".flac")
"""Recordings in the folder, in the order in which they stand in for each other."""
SHORTEST = 5.0
LONGEST = 30.0
"""Seconds: a shorter recording is refused, of a longer one the best part is cloned."""
NAME_CHARACTERS = 255


class DiscordOptions(Section):
    """The `options` of a listener with this dialect."""

    references_dir: str = fixed("Folder with the recordings that are voices here.", default="references", min_length=1)
    preload: bool = fixed("Load the engine that clones at the start, as that system does.", default=True)


class SpeechFields(BaseModel):
    """A text and the file whose voice is to speak it; unknown fields are ignored."""

    model_config = ConfigDict(allow_inf_nan=False)

    text: str = Field(max_length=TEXT_FIELD_CHARACTERS)
    voice: str = Field(max_length=NAME_CHARACTERS, description="A file of the references folder.")
    language: LanguageTag = Field(None, description="Sent by clients of a later generation; `Auto`: that of the text.")
    temperature: float = Field(1.7, ge=0.05, le=5.0)
    min_p: float = Field(0.1, ge=0.0, le=1.0)
    top_p: float = Field(0.9, ge=0.0, le=1.0)
    top_k: int = Field(50, ge=1, le=100)
    repetition_penalty: float = Field(1.0, ge=0.5, le=2.0)
    norm_loudness: bool = True

    def parameters(self, defaults: Mapping[str, Any]) -> dict[str, Any]:
        """All parameters. `defaults`: those of the listener, before the dialect's own."""
        own = {name: getattr(self, name) for name in PARAMETERS}
        return {**own, **{name: value for name, value in defaults.items() if name in own}, **self.said()}

    def said(self) -> dict[str, Any]:
        """The parameters that the client has sent."""
        return {name: getattr(self, name) for name in PARAMETERS if name in self.model_fields_set}


PARAMETERS: Mapping[str, str] = {
    "temperature": "0.05-5.0 (default: 1.7)",
    "min_p": "0.0-1.0 (default: 0.1)",
    "top_p": "0.0-1.0 (default: 0.9)",
    "top_k": "1-100 (default: 50)",
    "repetition_penalty": "0.5-2.0 (default: 1.0)",
    "norm_loudness": "bool (default: true)",
}
"""Name -> range, as /info tells it."""


class HealthShape(BaseModel):
    status: str = "ok"
    device: str
    cuda: bool
    model: str
    references_directory: str
    available_voices: int
    voice_samples: list[str]
    model_loaded: bool


class InfoShape(BaseModel):
    model: str
    version: str
    device: str
    features: list[str]
    sample_rate: int
    endpoints: dict[str, str]
    parameters: dict[str, str]
    reference_requirements: dict[str, str]


class CheckedShape(BaseModel):
    """A file of the folder, looked at."""

    valid: bool
    duration: float
    """Seconds; 0 where it cannot be read."""
    format: str
    error: str | None


class VoiceShape(BaseModel):
    filename: str
    valid: bool
    duration: float
    format: str
    error: str | None


class VoiceList(BaseModel):
    voices: list[VoiceShape]
    count: int
    valid_count: int
    directory: str


class NoFolder(BaseModel):
    """Answered in place of a list."""

    directory: str
    error: str = "References directory does not exist"


class NoVoices(NoFolder):
    voices: tuple[VoiceShape, ...] = ()
    count: int = 0


class NoResults(NoFolder):
    results: dict[str, CheckedShape] = Field(default_factory=dict)


class Requirements(BaseModel):
    minimum_duration: float = SHORTEST
    supported_formats: tuple[str, ...] = EXTENSIONS


class ValidationShape(BaseModel):
    directory: str
    total_files: int
    valid_files: int
    results: dict[str, CheckedShape]
    requirements: Requirements = Requirements()
