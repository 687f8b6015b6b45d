"""Transcripts as text: joined, as SubRip (srt) and as WebVTT (vtt)."""

from __future__ import annotations

from collections.abc import Iterable

from stts.engine_api import Segment
from stts.languages import primary

UNSPACED_LANGUAGES = frozenset({"zh", "yue", "ja", "th", "lo", "km", "my"})
"""Written without spaces between words."""


def join_texts(texts: Iterable[str], language: str | None) -> str:
    """The texts of consecutive segments as one."""
    return separator(language).join(stripped for text in texts if (stripped := text.strip()))


def separator(language: str | None) -> str:
    """What stands between the texts of two segments."""
    return "" if language and primary(language) in UNSPACED_LANGUAGES else " "


def srt(segments: Iterable[Segment]) -> str:
    """Empty for no segments."""
    blocks = [
        f"{number}\n{_time(segment.start, ',')} --> {_time(segment.end, ',')}\n{_one_cue(segment.text)}\n"
        for number, segment in enumerate(segments, start=1)
    ]
    return "\n".join(blocks)


def vtt(segments: Iterable[Segment]) -> str:
    """Just the header for no segments."""
    cues = [
        f"{_time(segment.start, '.')} --> {_time(segment.end, '.')}\n{_one_cue(segment.text)}\n" for segment in segments
    ]
    return "WEBVTT\n\n" + "\n".join(cues)


def _one_cue(text: str) -> str:
    """A blank line or an arrow would end the cue."""
    return " ".join(text.split()).replace("-->", "->")


def _time(seconds: float, point: str) -> str:
    milliseconds = round(max(0.0, seconds) * 1000)
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    whole, part = divmod(rest, 1000)
    return f"{hours:02}:{minutes:02}:{whole:02}{point}{part:03}"
