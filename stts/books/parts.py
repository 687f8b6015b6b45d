"""Spoken items as parts of one long recording: when each begins, and where the chapters are.

House rule: a part lasts as long as it says. Its audio is cut or filled with silence to that length when it is bound, so
that chapters and captions, which are made from lengths alone, are exact after hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from stts.books.book import title_of

MOST_MARKS = 255
"""Chapters of one file: ID3 and MP4 count them in a byte, and players see none or few of more."""


@dataclass(frozen=True, slots=True)
class RawAudio:
    """The form of samples of 16 bits in a file without a header."""

    sample_rate: int
    """Hz."""
    channels: int


@dataclass(frozen=True, slots=True)
class Part:
    audio: Path
    """A file of any format that this server speaks in."""
    seconds: float
    """Speech in it."""
    chapter: int
    """Number of its chapter, from 0; it never falls from one part to the next."""
    pause: float = 0.0
    """Seconds of silence behind it."""
    text: str = ""
    raw: RawAudio | None = None
    """None: the file tells by itself what it is."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A chapter of a recording."""

    title: str
    start: int
    """Milliseconds."""
    end: int
    """Milliseconds; the start of the next one."""


class DamagedPart(Exception):
    """A part cannot be bound: its file is missing, does not decode, or is shorter than it says."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(f"Part {number + 1} of the book is damaged: {why}")
        self.number = number
        """Number of the part, from 0, so that it can be made again."""


def timed(parts: Iterable[Part]) -> Iterator[tuple[Part, float]]:
    """Yields each part with the seconds at which it begins."""
    start = 0.0
    for part in parts:
        yield part, start
        start += part.seconds + part.pause


def marks(parts: Iterable[Part], titles: Sequence[str]) -> list[Mark]:
    """The chapters of a recording, at most `MOST_MARKS`: of more, neighbours become one with the title of the first."""
    found = [
        (chapter, round(begun[0][1] * 1000), round((begun[-1][1] + begun[-1][0].seconds + begun[-1][0].pause) * 1000))
        for chapter, group in groupby(timed(parts), key=lambda each: each[0].chapter)
        for begun in (list(group),)
    ]
    together = -(-len(found) // MOST_MARKS) or 1
    groups = [found[at : at + together] for at in range(0, len(found), together)]
    return [Mark(_title(titles, group[0][0]), group[0][1], group[-1][2]) for group in groups]


def _title(titles: Sequence[str], chapter: int) -> str:
    number = f"{chapter + 1}"
    return title_of(titles[chapter], number) if chapter < len(titles) else number
