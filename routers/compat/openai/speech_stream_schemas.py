"""Messages of clients on /v1/audio/speech/stream. Unknown fields are ignored, as everywhere on /v1."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from routers.compat.openai.schemas import CreateSpeechRequest, Model
from stts.engine_state import AUTO
from stts.speech import AudioFormat


class StreamConfig(CreateSpeechRequest):
    """The fields of POST /v1/audio/speech but for the text."""

    type: Literal["session.config"]
    model: Model = AUTO
    input: str = Field("", max_length=0)
    response_format: AudioFormat = "pcm"
    stream_audio: bool = Field(False, description="Send audio as it is made; false: a sentence in one message.")
    word_timestamps: Literal[False] = Field(False, description="They are not told on this path: `/ws/tts` tells them.")


class StreamText(BaseModel):
    type: Literal["input.text"]
    text: str


class StreamCommand(BaseModel):
    type: Literal["input.done", "session.close"]


CLIENT_MESSAGES: tuple[type[BaseModel], ...] = (StreamConfig, StreamText, StreamCommand)
