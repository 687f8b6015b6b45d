"""Subtitles as text: SubRip (srt) and WebVTT (vtt)."""

from __future__ import annotations

import html
from collections.abc import Iterable

from stts.text.cues import Cue


def srt(cues: Iterable[Cue]) -> str:
    """Formats cues as SubRip; empty for no cues."""
    return "\n".join(cue_srt(cue, number) for number, cue in enumerate(cues, start=1))


def vtt(cues: Iterable[Cue]) -> str:
    """Formats cues as WebVTT; just the header for no cues."""
    return "WEBVTT\n\n" + "\n".join(map(cue_vtt, cues))


def cue_srt(cue: Cue, number: int) -> str:
    """One cue of SubRip, by its number from 1; a blank line stands between two."""
    return f"{number}\n{_time(cue.start, ',')} --> {_time(cue.end, ',')}\n{_plain(cue)}\n"


def cue_vtt(cue: Cue) -> str:
    """One cue of WebVTT; a blank line stands before each."""
    return f"{_time(cue.start, '.')} --> {_time(cue.end, '.')}\n{_escaped(cue)}\n"


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
