"""Shapes of the TTS Batch API."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from routers.core.tts_schemas import TEXT_FIELD_CHARACTERS
from routers.http.names import VoiceName


class SynthesizeSpeech(BaseModel):
    text: str = Field(description="What to say.", max_length=TEXT_FIELD_CHARACTERS)
    model: VoiceName = Field(None, description="A voice; default: that of the listener.")
    sample_rate: int | None = Field(None, description="Hz; default: 22,050.", ge=4000, le=192_000)


class Healthy(BaseModel):
    status: Literal["healthy"] = "healthy"
