"""What a transcription yields, in order: segments and warnings as they come, one `TranscriptDone` at the end."""

from __future__ import annotations

from dataclasses import dataclass

from stts.types import Segment


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


TranscriptEvent = TranscriptSegment | TranscriptWarning | TranscriptDone
