"""Events of a session, in order. Times are seconds; `at` counts the audio of the session from its start.

Everything of a reply carries its `generation`, a number that only grows; nothing of a reply comes after its ReplyEnded,
nor a frame of one that was cancelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from stts.chat import ToolCall
from stts.errors import STTSError
from stts.transcription import Segment

EndStatus = Literal["completed", "cancelled", "interrupted", "failed", "incomplete"]


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The user speaks. While a reply is heard, told when the interruption is confirmed, and then back-dated."""

    turn: int
    item: str
    """Id of the history's item that the turn becomes."""
    at: float
    """Time of the first sample of the turn, its prefix included."""


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    turn: int
    item: str
    at: float


@dataclass(frozen=True, slots=True)
class TurnCommitted:
    """The turn's audio is complete and an item of the history."""

    turn: int
    item: str
    seconds: float
    pushed: bool = False
    """The client has ended it, and not the server."""


@dataclass(frozen=True, slots=True)
class AudioCleared:
    """The audio given since the last turn is forgotten, as `clear` asked."""


@dataclass(frozen=True, slots=True)
class PartialTranscript:
    turn: int
    item: str
    stable_delta: str
    tail: str


@dataclass(frozen=True, slots=True)
class TranscriptSettled:
    """The turn goes on, and all of its stable deltas so far are final: the words of what was said until a pause."""

    turn: int
    item: str
    segment: Segment | None
    """All words of the turn so far, with times as those of FinalTranscript."""
    start: float
    at: float
    """Seconds of the session's audio at that pause."""


@dataclass(frozen=True, slots=True)
class FinalTranscript:
    """The turn's words; `segment` is None where it had none. Joined, the stable deltas are its text."""

    turn: int
    item: str
    segment: Segment | None
    start: float
    """Seconds of the session's audio at which the turn's audio begins: the segment's times count from there."""
    seconds: float
    """Length of the audio that was transcribed."""
    fallback: str | None = None
    """Code of the error for which another engine than the one asked heard it."""

    @property
    def text(self) -> str:
        return self.segment.text if self.segment is not None else ""


@dataclass(frozen=True, slots=True)
class TranscriptFailed:
    turn: int
    item: str
    error: STTSError


@dataclass(frozen=True, slots=True)
class Lagging:
    """Recognition is so far behind the speaker."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Ducked:
    generation: int


@dataclass(frozen=True, slots=True)
class Unducked:
    generation: int


@dataclass(frozen=True, slots=True)
class Interrupted:
    """Nothing more of this reply comes, unless it is Resumed. What the client has not played yet it should drop."""

    generation: int
    heard: float
    """Seconds of the reply that were played, as far as the session knows."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """The reply goes on with the frame that follows what was heard."""

    generation: int


@dataclass(frozen=True, slots=True)
class ReplyStarted:
    turn: int
    generation: int
    item: str
    spoken: bool
    """Audio will come."""
    out_of_band: bool = False
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class ReplyDelta:
    generation: int
    text: str


@dataclass(frozen=True, slots=True)
class ToolCalled:
    generation: int
    item: str
    call: ToolCall


@dataclass(frozen=True, slots=True)
class ReplyWritten:
    """All text and all calls of a reply are told, where the session wants to know; its speech may go on."""

    generation: int
    input_tokens: int
    output_tokens: int
    cut: bool
    """The model stopped at its limit."""


@dataclass(slots=True)
class AudioFrame:
    """Not frozen, since each listener gets 25 a second: that would make it three times as dear."""

    generation: int
    sequence: int
    """From 0, without gaps."""
    data: bytes
    """s16le mono at the rate of the session's `speak`."""
    seconds: float
    text: str = ""
    """The words that end within it, where the session follows words; frames that are sent again have none."""


@dataclass(frozen=True, slots=True)
class ReplyEnded:
    generation: int
    turn: int
    item: str
    status: EndStatus
    """cancelled: by the client; interrupted: by the user's voice; incomplete: it grew too long."""
    text: str
    """All that was written."""
    heard: str
    """The part of it that was played."""
    seconds: float
    """Length of the audio that was sent."""
    input_tokens: int = 0
    output_tokens: int = 0
    error: STTSError | None = None


@dataclass(frozen=True, slots=True)
class TurnMetrics:
    """Where the time of a turn went: milliseconds after the user's last speech; None: it did not come to that."""

    turn: int
    generation: int
    transcript: float | None
    first_token: float | None
    first_audio: float | None
    first_byte: float | None
    speculative: bool = False
    """The reply was prepared before the turn was over."""


@dataclass(frozen=True, slots=True)
class PromptDue:
    """Nobody has said anything for a while; the idle prompt follows as a reply."""

    at: float


@dataclass(frozen=True, slots=True)
class Failed:
    """Something went wrong that belongs to no turn; the session lives on."""

    error: STTSError


@dataclass(frozen=True, slots=True)
class ReplyWarned:
    """The speech of a reply is otherwise than asked."""

    generation: int
    message: str


SessionEvent = (
    SpeechStarted
    | SpeechStopped
    | TurnCommitted
    | AudioCleared
    | PartialTranscript
    | TranscriptSettled
    | FinalTranscript
    | TranscriptFailed
    | Lagging
    | Ducked
    | Unducked
    | Interrupted
    | Resumed
    | ReplyStarted
    | ReplyDelta
    | ReplyWarned
    | ReplyWritten
    | ToolCalled
    | AudioFrame
    | ReplyEnded
    | TurnMetrics
    | PromptDue
    | Failed
)
