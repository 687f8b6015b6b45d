"""What the server says on /ws/conversation/v2, and how it is made of the events of a session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NotRequired, cast

from typing_extensions import TypedDict

from routers.sockets.socket import native_error
from stts.conversation import events
from stts.errors import STTSError
from stts.transcription import Segment


class WordTimes(TypedDict):
    text: str
    start_ms: int
    end_ms: int


class AudioShape(TypedDict):
    format: str
    rate: int


class ErrorTold(TypedDict):
    code: str
    message: str
    retryable: bool


class SessionCreated(TypedDict):
    type: Literal["session.created"]
    session: str
    """Resumes the session on another connection: `?session=`."""
    resumed: bool
    history: int
    """Messages so far."""
    config: dict[str, Any]
    input: AudioShape
    output: AudioShape


class SessionUpdated(TypedDict):
    type: Literal["session.updated"]
    config: dict[str, Any]


class StateTold(TypedDict):
    type: Literal["state"]
    state: Literal["listening", "thinking", "speaking"]


class SpeechBoundary(TypedDict):
    type: Literal["speech_start", "speech_end"]
    turn: int
    at_ms: int


class Partial(TypedDict):
    type: Literal["partial"]
    turn: int
    stable_delta: str
    tail: str


class Transcript(TypedDict):
    type: Literal["transcript"]
    turn: int
    text: str
    start_ms: int
    end_ms: int
    language: str | None
    words: NotRequired[list[WordTimes]]


class TranscriptFailure(TypedDict):
    type: Literal["transcript_failed"]
    turn: int
    error: ErrorTold


class ReplyStart(TypedDict):
    type: Literal["reply.start"]
    turn: int
    generation: int
    spoken: bool


class Delta(TypedDict):
    type: Literal["reply.delta"]
    generation: int
    text: str


class ToolCall(TypedDict):
    type: Literal["tool_call"]
    generation: int
    call_id: str
    name: str
    arguments: str


class ReplyDone(TypedDict):
    type: Literal["reply.done"]
    turn: int
    generation: int
    status: Literal["completed", "cancelled", "interrupted", "failed", "incomplete"]
    text: str
    heard: str
    seconds: float
    error: NotRequired[ErrorTold]


class Loudness(TypedDict):
    type: Literal["duck", "unduck"]
    generation: int


class Interruption(TypedDict):
    type: Literal["interrupted"]
    generation: int
    heard_ms: int


class Resumption(TypedDict):
    type: Literal["resumed"]
    generation: int


class Metrics(TypedDict):
    """Milliseconds after the user's last sound; null: it did not come to that. Generation 0: no reply."""

    type: Literal["turn_metrics"]
    turn: int
    generation: int
    transcript_ms: float | None
    first_token_ms: float | None
    first_audio_ms: float | None
    first_byte_ms: float | None
    speculative: bool


class Idle(TypedDict):
    type: Literal["idle"]
    at_ms: int


class Lagging(TypedDict):
    type: Literal["lagging"]
    seconds: float


class Pong(TypedDict):
    type: Literal["pong"]
    text: str | None


class Error(TypedDict):
    type: Literal["error"]
    code: str
    message: str
    retryable: bool
    request_id: str
    fatal: bool
    param: NotRequired[str]
    allowed: NotRequired[list[str | int | float]]


ServerMessage = (
    SessionCreated
    | SessionUpdated
    | StateTold
    | SpeechBoundary
    | Partial
    | Transcript
    | TranscriptFailure
    | ReplyStart
    | Delta
    | ToolCall
    | ReplyDone
    | Loudness
    | Interruption
    | Resumption
    | Metrics
    | Idle
    | Lagging
    | Pong
    | Error
)


def told(event: events.SessionEvent, request_id: str) -> ServerMessage | None:
    """The message for an event; None for what is not told, and for audio."""
    make = _MAKERS.get(type(event))
    if isinstance(event, events.Failed):
        return cast(Error, native_error(event.error, request_id, False))
    return make(event) if make is not None else None


def ms(seconds: float) -> int:
    return round(seconds * 1000)


def error_told(error: STTSError) -> ErrorTold:
    return {"code": error.code, "message": error.message, "retryable": error.retryable}


def words_told(segment: Segment, start: float) -> list[WordTimes]:
    return [
        {"text": word.text, "start_ms": ms(start + word.start), "end_ms": ms(start + word.end)}
        for word in segment.words
    ]


def _transcript(event: events.FinalTranscript) -> Transcript:
    segment = event.segment
    first, last = (segment.start, segment.end) if segment is not None else (0.0, event.seconds)
    message: Transcript = {
        "type": "transcript",
        "turn": event.turn,
        "text": event.text,
        "start_ms": ms(event.start + first),
        "end_ms": ms(event.start + last),
        "language": segment.language if segment is not None else None,
    }
    if segment is not None and segment.words:
        message["words"] = words_told(segment, event.start)
    return message


def _done(event: events.ReplyEnded) -> ReplyDone:
    message: ReplyDone = {
        "type": "reply.done",
        "turn": event.turn,
        "generation": event.generation,
        "status": event.status,
        "text": event.text,
        "heard": event.heard,
        "seconds": round(event.seconds, 3),
    }
    if event.error is not None:
        message["error"] = error_told(event.error)
    return message


def _metrics(event: events.TurnMetrics) -> Metrics:
    return {
        "type": "turn_metrics",
        "turn": event.turn,
        "generation": event.generation,
        "transcript_ms": event.transcript,
        "first_token_ms": event.first_token,
        "first_audio_ms": event.first_audio,
        "first_byte_ms": event.first_byte,
        "speculative": event.speculative,
    }


def _tool_call(event: events.ToolCalled) -> ToolCall:
    call = event.call
    return {
        "type": "tool_call",
        "generation": event.generation,
        "call_id": call.call_id,
        "name": call.name,
        "arguments": call.arguments,
    }


_MAKERS: dict[type, Callable[[Any], ServerMessage]] = {
    events.SpeechStarted: lambda e: {"type": "speech_start", "turn": e.turn, "at_ms": ms(e.at)},
    events.SpeechStopped: lambda e: {"type": "speech_end", "turn": e.turn, "at_ms": ms(e.at)},
    events.PartialTranscript: lambda e: {
        "type": "partial",
        "turn": e.turn,
        "stable_delta": e.stable_delta,
        "tail": e.tail,
    },
    events.FinalTranscript: _transcript,
    events.TranscriptFailed: lambda e: {"type": "transcript_failed", "turn": e.turn, "error": error_told(e.error)},
    events.Lagging: lambda e: {"type": "lagging", "seconds": round(e.seconds, 2)},
    events.Ducked: lambda e: {"type": "duck", "generation": e.generation},
    events.Unducked: lambda e: {"type": "unduck", "generation": e.generation},
    events.Interrupted: lambda e: {"type": "interrupted", "generation": e.generation, "heard_ms": ms(e.heard)},
    events.Resumed: lambda e: {"type": "resumed", "generation": e.generation},
    events.ReplyStarted: lambda e: {
        "type": "reply.start",
        "turn": e.turn,
        "generation": e.generation,
        "spoken": e.spoken,
    },
    events.ReplyDelta: lambda e: {"type": "reply.delta", "generation": e.generation, "text": e.text},
    events.ToolCalled: _tool_call,
    events.ReplyEnded: _done,
    events.TurnMetrics: _metrics,
    events.PromptDue: lambda e: {"type": "idle", "at_ms": ms(e.at)},
}
