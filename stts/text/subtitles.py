"""Subtitles as text: SubRip (srt) and WebVTT (vtt)."""

from __future__ import annotations

import html
from collections.abc import Iterable

from stts.text.cues import Cue


def srt(cues: Iterable[Cue]) -> str:
    """Formats cues as SubRip; empty for no cues."""
    blocks = [
        f"{number}\n{_time(cue.start, ',')} --> {_time(cue.end, ',')}\n{_plain(cue)}\n"
        for number, cue in enumerate(cues, start=1)
    ]
    return "\n".join(blocks)


def vtt(cues: Iterable[Cue]) -> str:
    """Formats cues as WebVTT; just the header for no cues."""
    blocks = [f"{_time(cue.start, '.')} --> {_time(cue.end, '.')}\n{_escaped(cue)}\n" for cue in cues]
    return "WEBVTT\n\n" + "\n".join(blocks)


def _plain(cue: Cue) -> str:
    """Text of a cue without arrows: SubRip has no escapes, and an arrow would end the cue."""
    return "\n".join(cue.lines).replace("-->", "->")


def _escaped(cue: Cue) -> str:
    return html.escape("\n".join(cue.lines), quote=False)


def _time(milliseconds: int, point: str) -> str:
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    whole, part = divmod(rest, 1000)
    return f"{hours:02}:{minutes:02}:{whole:02}{point}{part:03}"
