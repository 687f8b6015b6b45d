"""The requests of ElevenLabs' speech API, as its clients send them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from routers.compat.elevenlabs.output_formats import DEFAULT, read_output_format
from routers.core.tts_schemas import TEXT_FIELD_CHARACTERS
from routers.http.lenient_fields import LenientFields
from routers.http.names import NAME_CHARACTERS, LanguageTag

MOST_LOCATORS = 10


def _known(name: str) -> str:
    read_output_format(name)
    return name


Name = Annotated[str, Field(max_length=NAME_CHARACTERS)]
OutputFormatName = Annotated[
    str,
    AfterValidator(_known),
    Field(
        description="Codec, sample rate in Hz, and kilobits a second where the codec has them.",
        max_length=NAME_CHARACTERS,
    ),
]


class VoiceSettings(LenientFields):
    """`speed` is obeyed by every engine; the others are parameters of the engines that have them."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)

    speed: float | None = Field(None, ge=0.25, le=4.0)
    stability: float | None = Field(None, ge=0, le=1)
    similarity_boost: float | None = Field(None, ge=0, le=1)
    style: float | None = Field(None, ge=0, le=1)
    use_speaker_boost: bool | None = None

    def parameters(self) -> dict[str, Any]:
        return self.model_dump(exclude={"speed"}, exclude_none=True)


class Query(BaseModel):
    """The address of every way to speak carries these."""

    output_format: OutputFormatName = DEFAULT
    enable_logging: bool = Field(True, description="false: nothing of the request is kept, in no cache either.")
    optimize_streaming_latency: int = Field(0, ge=0, le=4, description="Accepted; speech is always made to be early.")


class SpeechBody(LenientFields):
    """Fields beyond these are parameters of the engine, where it has them."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)

    text: str = Field(max_length=TEXT_FIELD_CHARACTERS)
    model_id: Name | None = None
    language_code: LanguageTag = None
    voice_settings: VoiceSettings | None = None
    seed: int | None = Field(None, ge=0, le=2**32 - 1)
    apply_text_normalization: Literal["auto", "on", "off"] = "auto"
    previous_text: str | None = Field(None, max_length=TEXT_FIELD_CHARACTERS)
    next_text: str | None = Field(None, max_length=TEXT_FIELD_CHARACTERS)
    previous_request_ids: list[Name] = Field([], max_length=MOST_LOCATORS)
    next_request_ids: list[Name] = Field([], max_length=MOST_LOCATORS)
    pronunciation_dictionary_locators: list[dict[str, Any]] = Field([], max_length=MOST_LOCATORS)

    def parameters(self) -> dict[str, Any]:
        """Parameters of the engine that are said here."""
        settings = self.voice_settings.parameters() if self.voice_settings is not None else {}
        return {**settings, **(self.model_extra or {})}
