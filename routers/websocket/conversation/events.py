"""Messages of the server on /ws/conversation/v2."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from routers.sockets.shapes import Error, Lagging, Partial, SessionUpdated, SpeechBoundary, WordTimes


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


class StateTold(TypedDict):
    type: Literal["state"]
    state: Literal["listening", "thinking", "speaking"]


class Transcript(TypedDict):
    type: Literal["transcript"]
    turn: int
    text: str
    start_ms: int
    end_ms: int
    language: str | None
    words: NotRequired[list[WordTimes]]
    fallback: NotRequired[str]


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


class Warned(TypedDict):
    """The speech of a reply is otherwise than asked."""

    type: Literal["warning"]
    generation: int
    message: str


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


class Pong(TypedDict):
    type: Literal["pong"]
    text: str | None


ServerMessage = (
    SessionCreated
    | SessionUpdated
    | StateTold
    | SpeechBoundary
    | Partial
    | Transcript
    | TranscriptFailure
    | ReplyStart
    | Warned
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
