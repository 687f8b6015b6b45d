"""Captions of an audiobook beside it: what is said when, as SubRip or WebVTT, made while they are sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from stts.books.parts import Part, timed
from stts.text.cues import CueRules, cues
from stts.text.subtitles import cue_srt, cue_vtt
from stts.transcription import Segment

CaptionFormat = Literal["srt", "vtt"]


def captions(parts: Iterable[Part], format: CaptionFormat, language: str | None = None) -> Iterator[str]:
    """Yields the captions of each part, in order, with the times of the bound book."""
    number = 0
    if format == "vtt":
        yield "WEBVTT\n"
    for part, start in timed(parts):
        segment = Segment(part.text, start, start + part.seconds, language=language)
        for cue in cues([segment], CueRules(), start + part.seconds + part.pause):
            number += 1
            if format == "vtt":
                yield f"\n{cue_vtt(cue)}"
            else:
                yield ("\n" if number > 1 else "") + cue_srt(cue, number)
