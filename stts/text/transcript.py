"""Joins the segments of a transcription into one transcript."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

from stts.languages import UNSPACED_LANGUAGES, primary
from stts.transcription import (
    Segment,
    TranscriptDone,
    TranscriptEvent,
    TranscriptionResult,
    TranscriptRetracted,
    TranscriptSegment,
    TranscriptWarning,
)


def join_texts(texts: Iterable[str], language: str | None) -> str:
    """The texts of consecutive segments as one."""
    return separator(language).join(stripped for text in texts if (stripped := text.strip()))


def separator(language: str | None) -> str:
    """Separator between the texts of two segments."""
    return "" if language and primary(language) in UNSPACED_LANGUAGES else " "


async def collect_transcript(events: AsyncIterator[TranscriptEvent]) -> TranscriptionResult:
    """Collects the events of one transcription into its result."""
    segments: list[Segment] = []
    warnings: list[str] = []
    done = TranscriptDone(0.0, None)
    async for event in events:
        match event:
            case TranscriptSegment(segment):
                segments.append(segment)
            case TranscriptWarning(message):
                warnings.append(message)
            case TranscriptDone():
                done = event
            case TranscriptRetracted():
                segments, warnings = [], []
    language = next((segment.language for segment in segments if segment.language), done.language)
    text = join_texts((segment.text for segment in segments), language)
    return TranscriptionResult(text, done.duration, done.language, tuple(segments), tuple(warnings))
