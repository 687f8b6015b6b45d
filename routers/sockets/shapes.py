"""Shapes of messages that several of our own sockets send, and the conversions that they share."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from stts.transcription import Segment


class WordTimes(TypedDict):
    text: str
    start_ms: int
    end_ms: int


class SessionUpdated(TypedDict):
    type: Literal["session.updated"]
    config: dict[str, Any]


class SpeechBoundary(TypedDict):
    type: Literal["speech_start", "speech_end"]
    turn: int
    at_ms: int


class Partial(TypedDict):
    type: Literal["partial"]
    turn: int
    stable_delta: str
    tail: str


class Lagging(TypedDict):
    type: Literal["lagging"]
    seconds: float


class Error(TypedDict):
    type: Literal["error"]
    code: str
    message: str
    retryable: bool
    request_id: str
    fatal: bool
    retry_after: NotRequired[int]
    """Seconds."""
    param: NotRequired[str]
    allowed: NotRequired[list[str | int | float]]


def milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def word_times(segment: Segment, start: float) -> list[WordTimes]:
    """Returns the words with their times; `start`: seconds of the session's audio at which the segment begins."""
    return [
        {"text": word.text, "start_ms": milliseconds(start + word.start), "end_ms": milliseconds(start + word.end)}
        for word in segment.words
    ]
