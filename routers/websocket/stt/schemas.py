"""What a client says on /ws/stt, and what it is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, NotRequired

from pydantic import AliasChoices, BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from routers.http.lenient_fields import LenientFields
from routers.http.names import EngineName, LanguageTag
from routers.sockets.socket import native_error
from routers.websocket.conversation.events import (
    Error,
    Lagging,
    Partial,
    SessionUpdated,
    SpeechBoundary,
    WordTimes,
    ms,
    words_told,
)
from stts.conversation import events
from stts.conversation.config import SessionConfig
from stts.engine_state import AUTO
from stts.transcription import TranscriptionConfig
from stts.vad.rules import TurnRules

Encoding = Literal["webm", "ogg", "opus", "mp3", "mp4", "aac", "flac", "wav"]
INPUT_FIELDS = frozenset({"rate", "format", "channels", "encoding"})
"""What cannot change once audio has come."""


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
        return base.turns if self.silence_ms is None else replace(base.turns, silence=self.silence_ms / 1000)


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


class ListeningError(Error):
    turn: NotRequired[int]
    """Whose words there will be none of."""


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


class EventEncoder:
    """Makes the messages of a session's events."""

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id

    def created(self, fields: ListenFields) -> list[dict[str, Any]]:
        return [{"type": "session.created", "session": self._request_id, "config": fields.model_dump(mode="json")}]

    def updated(self, fields: ListenFields) -> list[dict[str, Any]]:
        return [{"type": "session.updated", "config": fields.model_dump(mode="json")}]

    def told(self, event: events.SessionEvent, fields: ListenFields) -> list[dict[str, Any]]:
        """None or one; what concerns replies never happens."""
        match event:
            case events.SpeechStarted(turn=turn, at=at):
                return [{"type": "speech_start", "turn": turn, "at_ms": ms(at)}]
            case events.SpeechStopped(turn=turn, at=at):
                return [{"type": "speech_end", "turn": turn, "at_ms": ms(at)}]
            case events.PartialTranscript(turn=turn, stable_delta=delta, tail=tail) if fields.partials:
                return [{"type": "partial", "turn": turn, "stable_delta": delta, "tail": tail}]
            case events.FinalTranscript():
                return [self._final(event, fields)]
            case events.TranscriptFailed(turn=turn, error=error):
                return [native_error(error, self._request_id, False) | {"turn": turn}]
            case events.Lagging(seconds):
                return [{"type": "lagging", "seconds": round(seconds, 3)}]
            case events.Failed(error):
                return [native_error(error, self._request_id, False)]
        return []

    def _final(self, event: events.FinalTranscript, fields: ListenFields) -> dict[str, Any]:
        segment = event.segment
        start, end = (segment.start, segment.end) if segment is not None else (0.0, event.seconds)
        message = {
            "type": "final",
            "turn": event.turn,
            "text": event.text,
            "start_ms": ms(event.start + start),
            "end_ms": ms(event.start + end),
            "language": segment.language if segment is not None else None,
        }
        if fields.words:
            message["words"] = words_told(segment, event.start) if segment is not None else []
        return message


class V1EventEncoder(EventEncoder):
    """For clients of /ws/transcribe, which know one message: the whole text of a turn so far."""

    def __init__(self, request_id: str) -> None:
        super().__init__(request_id)
        self._turn = 0
        self._stable = ""

    def created(self, fields: ListenFields) -> list[dict[str, Any]]:
        return []

    def told(self, event: events.SessionEvent, fields: ListenFields) -> list[dict[str, Any]]:
        match event:
            case events.PartialTranscript(turn=turn, stable_delta=delta, tail=tail):
                self._stable = delta if turn != self._turn else self._stable + delta
                self._turn = turn
                text = self._stable + tail
                return [_transcription(text, partial=True, language=fields.language)] if fields.partials else []
            case events.FinalTranscript(segment=segment):
                return [] if segment is None else [_final_transcription(event)]
            case events.TranscriptFailed() | events.Failed():
                return super().told(event, fields)
        return []


def _final_transcription(event: events.FinalTranscript) -> dict[str, Any]:
    segment = event.segment
    assert segment is not None
    start, end = round(event.start + segment.start, 3), round(event.start + segment.end, 3)
    message = _transcription(segment.text, partial=False, language=segment.language)
    message["timing"] = {"start": start, "end": end, "duration": round(end - start, 3)}
    message["segments"] = [{"text": segment.text, "start": start, "end": end}]
    return message


def _transcription(text: str, *, partial: bool, language: str | None) -> dict[str, Any]:
    return {
        "type": "transcription",
        "text": text,
        "language": language,
        "partial": partial,
        "timing": None,
        "segments": [],
    }
