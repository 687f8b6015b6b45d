"""Messages of /ws/tts."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from pydantic import BaseModel, ConfigDict, Field, field_validator
from typing_extensions import TypedDict

from routers.core.tts_schemas import SpeechFields
from routers.sockets.shapes import Error, WordTimes
from stts.speech import AudioFormat, SynthesisConfig

DEFAULT_FORMAT: AudioFormat = "pcm"
"""Every message of it can be played as it comes."""


class SpeechConfig(SpeechFields):
    """Configures the utterances that follow, by the fields of POST /tts. Fields left out get their defaults."""

    type: Literal["config"] = "config"
    text: str = Field("", exclude=True)
    paced: bool = Field(False, description="Audio is sent in the time of its playback, a little ahead.")
    words: bool = Field(False, description="Tell when each word of each piece is heard.")

    @field_validator("text", "stream", "save")
    @classmethod
    def _not_here(cls, value: Any) -> Any:
        raise ValueError("Only POST /tts has this field.")

    def speech(self) -> SynthesisConfig:
        return self.config(DEFAULT_FORMAT)


class Message(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SpokenText(Message):
    type: Literal["text"]
    text: str = Field(description="More of the current utterance: a word, half a word, or all of it.")


class SpeechCommand(Message):
    type: Literal["flush", "end", "cancel", "close"]


CLIENT_MESSAGES: tuple[type[BaseModel], ...] = (SpeechConfig, SpokenText, SpeechCommand)


class AudioStart(TypedDict):
    type: Literal["audio.start"]
    utterance: int
    format: str
    sample_rate: int
    channels: int
    media_type: str
    engine: str
    voice: str
    request_id: str
    """Its own, by which `GET /analytics/operations` knows it."""
    fallback: NotRequired[str]
    warnings: NotRequired[list[str]]


class Piece(TypedDict):
    """The audio of this text follows."""

    type: Literal["piece"]
    utterance: int
    text: str
    start_ms: int


class Words(TypedDict):
    """Words of the piece before."""

    type: Literal["words"]
    utterance: int
    measured: bool
    """True: told by the engine, and sent as soon as it does, those of a piece in one message or in several. False:
    worked out from the text and the length of the piece, whose audio is sent."""
    words: list[WordTimes]


class AudioDone(TypedDict):
    type: Literal["audio.done"]
    utterance: int
    seconds: float
    cancelled: bool
    failed: bool
    fallback: NotRequired[str]
    warnings: NotRequired[list[str]]


class SpeechError(Error):
    utterance: NotRequired[int]


ServerMessage = AudioStart | Piece | Words | AudioDone | SpeechError
