"""What operations yield besides audio.

A transcription: segments and warnings as they come, one `TranscriptDone` at the end. A live one also tells what it
thinks so far: `TranscriptPartial` whose joined `stable_delta` are, at the end, the text of its one `TranscriptSegment`.

A reply: `ReplyText` as it is written, `ReplyToolCall`, and `ReplyUsage` where the model counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from stts.types import Segment, ToolCall


@dataclass(frozen=True, slots=True)
class TranscriptSegment:
    segment: Segment
    """Times count from the start of the file."""


@dataclass(frozen=True, slots=True)
class TranscriptWarning:
    """Something was skipped, and the transcription went on."""

    message: str


@dataclass(frozen=True, slots=True)
class TranscriptDone:
    duration: float
    """Seconds of audio decoded."""
    language: str | None
    """BCP 47, where known."""


@dataclass(frozen=True, slots=True)
class TranscriptPartial:
    """Live: what was understood so far. `stable_delta` is appended to what stood before and never taken back."""

    stable_delta: str
    tail: str
    """What follows the stable text for now; the next event replaces it."""


@dataclass(frozen=True, slots=True)
class TranscriptSettled:
    """Live, after `LiveAudio.settle()`: the text if this were the end."""

    text: str


@dataclass(frozen=True, slots=True)
class TranscriptLagging:
    """Live: the engine is behind the speaker."""

    seconds: float


TranscriptEvent = (
    TranscriptSegment | TranscriptWarning | TranscriptDone | TranscriptPartial | TranscriptSettled | TranscriptLagging
)


@dataclass(frozen=True, slots=True)
class ReplyText:
    delta: str


@dataclass(frozen=True, slots=True)
class ReplyToolCall:
    call: ToolCall


@dataclass(frozen=True, slots=True)
class ReplyUsage:
    input_tokens: int
    output_tokens: int
    cut: bool = False
    """The reply ended because it was too long."""


ReplyEvent = ReplyText | ReplyToolCall | ReplyUsage
