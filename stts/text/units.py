"""A segment of a transcript as units that subtitles may be cut between, each with the time when it is said.

Units are words; in scripts without spaces they are characters, of which punctuation stays with its neighbour. Where the
engine tells word times these count, else a segment's time is shared out by length.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from stts.transcription import Segment

SLOWEST = 4.0
"""Columns a second: what lasts longer than its text at this pace is silence, where no word times say otherwise."""
SHORTEST_SECONDS = 0.5
"""Seconds that a segment without word times is taken to last at least, if it does."""
OPENING = "([{<«‹“‘„‚「『（【《〈〔¿¡"
"""Characters that belong to what follows."""


@dataclass(frozen=True, slots=True)
class Unit:
    text: str
    start: float
    """Seconds from the start of the recording."""
    end: float
    spaced: bool
    """True if a space stands before it, unless it begins a line."""
    columns: int
    """Its width: characters, of which the wide ones of East Asia count twice."""


def units_of(segment: Segment, widest: int) -> list[Unit]:
    """Units of a segment in order, times never falling; none is wider than `widest` columns."""
    timed = _with_word_times(segment)
    found = (
        timed if timed is not None else list(_by_length(segment.text.split(), segment.start, _spoken_until(segment)))
    )
    return list(_risen(part for unit in found for part in _pieces(unit, widest)))


def columns(text: str) -> int:
    """Width of a text in columns: combining marks take none, East Asian wide characters two."""
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _with_word_times(segment: Segment) -> list[Unit] | None:
    """Each written word with the times of the engine's words for it; None where these do not make up the text.

    A written word may be told as several (`twenty-one`, or each character of a language without spaces), which stay
    apart only where nothing joins them in the text.
    """
    spelled = [(word, "".join(word.text.split())) for word in segment.words]
    spelled = [(word, text) for word, text in spelled if text]
    if "".join(text for _, text in spelled) != "".join(segment.text.split()) or not spelled:
        return None
    units: list[Unit] = []
    characters = iter(_spaced_characters(segment.text))
    for word, text in spelled:
        taken = [next(characters) for _ in text]
        spaced = taken[0][1]
        whole = Unit("", word.start, max(word.start, word.end), spaced, 0)
        # A word that is told as one and written as several is shared out.
        parts = "".join((" " if space else "") + character for character, space in taken).split()
        shared = list(_by_length(parts, whole.start, whole.end))
        units += [replace(each, spaced=spaced if number == 0 else True) for number, each in enumerate(shared)]
    return list(_joined(units))


def _spaced_characters(text: str) -> Iterator[tuple[str, bool]]:
    """Yields each visible character, and True if space stands before it."""
    space = False
    for character in text.strip():
        if character.isspace():
            space = True
        else:
            yield character, space
            space = False


def _joined(units: Iterable[Unit]) -> Iterator[Unit]:
    """Joins units that no space and no wide script divides: `don` and `'t`, a word and its full stop."""
    last: Unit | None = None
    for unit in units:
        if last is not None and not unit.spaced and not _may_divide(last.text, unit.text):
            last = Unit(
                last.text + unit.text, last.start, max(last.end, unit.end), last.spaced, last.columns + unit.columns
            )
            continue
        if last is not None:
            yield last
        last = unit
    if last is not None:
        yield last


def _by_length(words: Sequence[str], start: float, end: float) -> Iterator[Unit]:
    """Words of a text with the segment's time shared out by their length."""
    widths = [columns(word) for word in words]
    share = max(0.0, end - start) / (sum(widths) or 1)
    at = start
    for number, (word, width) in enumerate(zip(words, widths, strict=True)):
        until = at + width * share
        yield Unit(word, at, until, number > 0, width)
        at = until


def _spoken_until(segment: Segment) -> float:
    longest = max(SHORTEST_SECONDS, columns(segment.text) / SLOWEST)
    return max(segment.start, min(segment.end, segment.start + longest))


def _pieces(unit: Unit, widest: int) -> Iterator[Unit]:
    """Splits a unit: into characters in scripts without spaces, and wherever it is wider than a line."""
    parts = [""]
    for before, character in pairwise(("", *unit.text)):
        wide = bool(before) and _may_divide(parts[-1], character)
        if wide or (parts[-1] and columns(parts[-1] + character) > widest):
            parts.append("")
        parts[-1] += character
    if len(parts) == 1:
        yield unit
        return
    for number, part in enumerate(_by_length(parts, unit.start, unit.end)):
        yield replace(part, spaced=unit.spaced and number == 0)


def _may_divide(before: str, after: str) -> bool:
    """True if a script without spaces lets a line end here: not before punctuation, not after an opening mark."""
    if not before or not after or before[-1] in OPENING or _width(after[0]) == 0:
        return False
    if not after[0].isalnum() and after[0] not in OPENING:
        return False
    return _is_unspaced(before[-1]) or _is_unspaced(after[0])


def _is_unspaced(character: str) -> bool:
    """True for Han, kana and their punctuation (wide), Thai, Lao, Khmer and Burmese (not wide); not for Hangul."""
    point = ord(character)
    if 0x0E00 <= point < 0x0F00 or 0x1000 <= point < 0x10A0 or 0x1780 <= point < 0x1800:
        return True
    hangul = 0x1100 <= point < 0x1200 or 0xAC00 <= point < 0xD7B0
    return _width(character) == 2 and not hangul


def _risen(units: Iterable[Unit]) -> Iterator[Unit]:
    """Makes start times non-decreasing: engines report times that overlap or fall."""
    reached = 0.0
    for unit in units:
        start = max(reached, unit.start)
        yield replace(unit, start=start, end=max(start, unit.end))
        reached = start
