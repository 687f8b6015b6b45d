"""Segments of a transcript, moved and joined. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from stts.engine_api import Segment, Task

ENGLISH = "en"
"""Language into which engines translate."""


def shifted(segment: Segment, seconds: float) -> Segment:
    """The same, of something that began so much earlier."""
    words = tuple(replace(word, start=word.start + seconds, end=word.end + seconds) for word in segment.words)
    return replace(segment, start=segment.start + seconds, end=segment.end + seconds, words=words)


def written(segment: Segment, task: Task) -> Segment:
    """The same in the language of its text, where the engine has told the one that was spoken."""
    return replace(segment, language=ENGLISH) if task == "translate" else segment


def united(segments: Sequence[Segment], text: str) -> Segment:
    """Consecutive segments as one, with this text."""
    if len(segments) == 1:
        return replace(segments[0], text=text)
    return Segment(
        text,
        segments[0].start,
        segments[-1].end,
        words=tuple(word for segment in segments for word in segment.words),
        language=next((segment.language for segment in segments if segment.language), None),
        tokens=tuple(token for segment in segments for token in segment.tokens),
    )
