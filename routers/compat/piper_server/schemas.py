"""Shapes of the Piper TTS Server."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field

from routers.core.tts_schemas import TEXT_FIELD_CHARACTERS
from routers.http.names import VoiceName


def speaker_text(value: object) -> object:
    """A number of a speaker as the text that it is in listings."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class SpeakRequest(BaseModel):
    text: str = Field(description="What to say.", max_length=TEXT_FIELD_CHARACTERS)
    model: VoiceName = Field(None, description="A model of GET /voices; default: that of the listener.")
    speaker_id: Annotated[VoiceName, BeforeValidator(speaker_text)] = Field(
        None, description="The index or id of one of the model's speakers; default: that of the listener, `0`."
    )


class Healthy(BaseModel):
    status: Literal["ok"] = "ok"
    version: str
    models_available: int


class InfoSettings(BaseModel):
    max_text_length: int
    max_concurrent_requests: int


class Info(BaseModel):
    service: str
    version: str
    models: list[str]
    api: str
    settings: InfoSettings


class SpeakerShape(BaseModel):
    index: str
    id: str


class ModelShape(BaseModel):
    speakers: list[SpeakerShape]
    model_card: str = Field(description="Its address, without the host.")
    demo: str = Field(description="Its address, without the host.")
