"""The lists of OpenAI's audio API: models and voices, as its clients parse them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class ModelShape(BaseModel):
    id: str
    object: Literal["model"] = "model"
    created: int = Field(description="Unix time.")
    owned_by: str
    shutdown_date: None = Field(None, description="Models stay here.")


class ModelList(BaseModel):
    object: Literal["list"] = "list"
    data: list[ModelShape]


class NamedVoice(BaseModel):
    id: str
    name: str


class VoiceList(BaseModel):
    voices: list[NamedVoice]


class VoiceIds(BaseModel):
    """As Kokoro's clients had it once."""

    voices: list[str]


class ModelVoice(BaseModel):
    id: str = Field(description="The engine and the voice.")
    object: Literal["voice"] = "voice"
    model_id: str
    voice_id: str = Field(description="What `voice` of POST /v1/audio/speech is to be.")
    name: str
    created: int = Field(description="Unix time.")
    owned_by: str
    sample_rate: int = Field(description="Hz.")


class ModelName(BaseModel):
    id: str


class ModelNames(BaseModel):
    models: list[ModelName]
