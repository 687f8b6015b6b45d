"""Fields and messages of /ws/stt and /ws/transcribe."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, NotRequired

from pydantic import AliasChoices, BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from routers.http.lenient_fields import LenientFields
from routers.http.names import EngineName, LanguageTag
from routers.sockets.shapes import Error, Lagging, Partial, SessionUpdated, SpeechBoundary, WordTimes
from stts.conversation.config import SessionConfig
from stts.engine_state import AUTO
from stts.transcription import TranscriptionConfig
from stts.vad.rules import TurnRules

Encoding = Literal["webm", "ogg", "opus", "mp3", "mp4", "aac", "flac", "wav"]
INPUT_FIELDS = frozenset({"rate", "format", "channels", "encoding"})
"""Fields that cannot change once audio has come."""


class ListenFields(LenientFields):
    """The query of the socket, and of `config` whatever it is to change."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True, allow_inf_nan=False)

    engine: EngineName = Field(AUTO, validation_alias=AliasChoices("engine", "stt"))
    language: LanguageTag = Field(None, description="BCP 47, or a name; none or `auto`: detect.")
    format: Literal["pcm_s16le", "pcm_f32le", "pcmu", "pcma"] = "pcm_s16le"
    rate: int = Field(16_000, description="Hz of the PCM sent.", ge=8000, le=48_000)
    channels: int = Field(1, description="Of the PCM sent, interleaved.", ge=1, le=8)
    encoding: Encoding | None = Field(None, description="Instead of PCM: the pieces of one file as it is recorded.")
    words: bool = Field(
        False,
        description="Tell the times of words, where the engine knows them.",
        validation_alias=AliasChoices("words", "word_timestamps"),
    )
    partials: bool = Field(True, description="Tell what is understood while it is said.")
    turn_detection: bool = Field(True, description="Off: the client says `commit` when a turn is over.")
    silence_ms: float | None = Field(None, description="Silence that ends a turn.", ge=100, le=10_000)

    def over(self, base: SessionConfig) -> SessionConfig:
        """The configuration `base`, as the operator set it, with the fields: nobody replies."""
        return replace(
            base,
            listen=TranscriptionConfig(
                engine=self.engine, language=self.language, word_timestamps=self.words, partials=self.partials
            ),
            speak=None,
            reply=None,
            turns=self._turns(base),
            respond=False,
            speculate=False,
            prompt_after=0.0,
        )

    def _turns(self, base: SessionConfig) -> TurnRules | None:
        if base.turns is None or not self.turn_detection:
            return None
        silence = base.turns.silence if self.silence_ms is None else self.silence_ms / 1000
        # What is written down is cut by silence alone: nobody waits for the end of a turn to answer.
        return replace(base.turns, silence=silence, detector=False)


class Config(ListenFields):
    """Any of the fields of the query; those of the audio only before the first of it."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["config"]

    def changes(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True, exclude={"type"})


class Command(BaseModel):
    """commit: the turn is over. clear: forget its audio. end and close: the last words are told, then it is over."""

    type: Literal["commit", "clear", "end", "close"]


class ListeningCreated(TypedDict):
    type: Literal["session.created"]
    session: str
    config: dict[str, Any]


class Final(TypedDict):
    type: Literal["final"]
    turn: int
    text: str
    start_ms: int
    end_ms: int
    language: str | None
    words: NotRequired[list[WordTimes]]
    fallback: NotRequired[str]


class ListeningError(Error):
    turn: NotRequired[int]
    """The turn whose words will not come."""


class SecondsTold(TypedDict):
    start: float
    end: float
    duration: float


class SegmentTold(TypedDict):
    text: str
    start: float
    end: float


class Transcription(TypedDict):
    """The one message of /ws/transcribe, beside errors. Times are seconds."""

    type: Literal["transcription"]
    text: str
    language: str | None
    partial: bool
    timing: SecondsTold | None
    segments: list[SegmentTold]


ClientMessage = Config | Command
ServerMessage = ListeningCreated | SessionUpdated | SpeechBoundary | Partial | Final | Lagging | ListeningError
V1ServerMessage = Transcription | ListeningError
