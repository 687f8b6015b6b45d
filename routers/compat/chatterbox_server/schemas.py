"""Requests of clients of Chatterbox-TTS-Server, and the answers that they read."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from routers.core.tts_schemas import TEXT_FIELD_CHARACTERS
from routers.http.lenient_fields import LenientFields
from routers.http.names import LanguageTag, VoiceName
from stts.settings.section import Section, fixed

Format = Literal["wav", "opus", "mp3"]
MEDIA_TYPES = {"wav": "audio/wav", "opus": "audio/opus", "mp3": "audio/mpeg"}
EXTENSIONS = (".wav", ".mp3", ".flac", ".ogg")
"""Recordings in the folders, in the order in which they stand in for each other."""
LONGEST_SEED = 2**32 - 1
NAME_CHARACTERS = 255


class ChatterboxOptions(Section):
    """The `options` of a listener with this dialect."""

    predefined_voices_path: str | None = fixed(
        "Folder whose recordings are predefined voices, beside the voices of this server.", default=None, min_length=1
    )
    reference_audio_path: str | None = fixed(
        "Folder whose recordings may be cloned, beside those that clients upload.", default=None, min_length=1
    )


class Generation(LenientFields):
    """Parameters of a speech; what is not said is as the listener says."""

    model_config = ConfigDict(allow_inf_nan=False)

    temperature: float | None = Field(None, ge=0, le=5)
    exaggeration: float | None = Field(None, ge=0, le=2)
    cfg_weight: float | None = Field(None, ge=0, le=1)
    seed: int | None = Field(None, ge=0, le=LONGEST_SEED, description="0: random.")
    language: LanguageTag = None

    def parameters(self) -> dict[str, Any]:
        """Those that were sent."""
        sent = {"temperature": self.temperature, "exaggeration": self.exaggeration, "cfg_weight": self.cfg_weight}
        return {name: value for name, value in sent.items() if value is not None}


class SpeechFields(Generation):
    text: str = Field(min_length=1, max_length=TEXT_FIELD_CHARACTERS)
    voice_mode: Literal["predefined", "clone"] = "predefined"
    predefined_voice_id: str | None = Field(None, max_length=NAME_CHARACTERS)
    reference_audio_filename: str | None = Field(None, max_length=NAME_CHARACTERS)
    output_format: Format | None = None
    stream: bool = Field(False, description="A WAV that is sent as it is made.")
    split_text: bool = Field(True, description="Accepted: texts are always cut where the engine needs it.")
    chunk_size: int | None = Field(None, ge=50, le=500, description="Accepted, as `split_text` is.")
    speed_factor: float | None = Field(None, ge=0.25, le=4.0)


class OpenAISpeechFields(Generation):
    """The fields of its path for OpenAI's clients."""

    input: str = Field(min_length=1, max_length=TEXT_FIELD_CHARACTERS)
    model: str | None = Field(None, max_length=NAME_CHARACTERS, description="Accepted: the server speaks as it is set.")
    voice: VoiceName = None
    response_format: Format | None = None
    stream: bool = False
    speed: float | None = Field(None, ge=0.25, le=4.0, validation_alias=AliasChoices("speed", "speed_factor"))


class PredefinedVoice(BaseModel):
    display_name: str
    filename: str


class ListedVoice(PredefinedVoice):
    id: str
    name: str


class ListedVoices(BaseModel):
    voices: list[ListedVoice]


class UploadError(BaseModel):
    filename: str
    error: str


class Uploaded(BaseModel):
    message: str
    uploaded_files: list[str]
    errors: list[UploadError]


class UploadedReferences(Uploaded):
    all_reference_files: list[str]


class UploadedVoices(Uploaded):
    all_predefined_voices: list[PredefinedVoice]


class ModelInfo(BaseModel):
    loaded: bool
    type: str
    class_name: str
    device: str
    sample_rate: int | None
    supports_paralinguistic_tags: bool
    available_paralinguistic_tags: list[str]
    turbo_available_in_package: bool
    multilingual_available_in_package: bool
    supports_multilingual: bool
    supported_languages: dict[str, str]


class Status(BaseModel):
    message: str
    restart_needed: bool = False


class InitialData(BaseModel):
    """All that its page asks for when it is opened."""

    config: dict[str, Any]
    reference_files: list[str]
    predefined_voices: list[PredefinedVoice]
    presets: list[Any] = []
    initial_gen_result: dict[str, None]
    model_info: ModelInfo
