"""Finds words that an engine speaks in the text as it is written. Pure.

An engine is given a text in parts, in which a dictionary may have respelled words, and "$48.50" is read as five. A
reader follows what is written: so each word that is spoken belongs to one that is written, and several to the same.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from functools import cached_property
from itertools import accumulate

from stts.spoken_words import SpokenWord, Words, moved

_WORD = re.compile(r"\S+")
_MARKS = re.compile(r"[\W_]+")


class WordPlaces:
    """One text; its parts are asked for in their order."""

    def __init__(self, written: str, parts: Sequence[str]) -> None:
        """`parts`: all of it, as it is spoken."""
        self._written = written
        self._parts = parts
        self._told = 0
        """Characters up to the end of the last word that was found."""

    def found(self, part: int, words: Iterable[SpokenWord]) -> Words:
        """The words of a part in the text, in their order. One that was told already is not told again."""
        offset = self._offsets[part] if self._offsets is not None else None
        carried = moved(words, characters=offset) if offset is not None else self._matched(part, words)
        new = [word for word in _joined(carried) if word.place >= self._told and word.end <= len(self._written)]
        if new:
            self._told = new[-1].end
        return tuple(new)

    @cached_property
    def _offsets(self) -> list[int] | None:
        """Where the parts stand, where they are spoken as they are written."""
        offsets: list[int] = []
        at = 0
        for part in self._parts:
            place = self._written.find(part, at)
            if place < 0 or self._written[at:place].strip():
                return None
            offsets.append(place)
            at = place + len(part)
        return offsets

    def _matched(self, part: int, words: Iterable[SpokenWord]) -> Words:
        spans, starts, written = self._matches
        before = self._starts[part]
        found: list[SpokenWord] = []
        for word in words:
            number = bisect_right(starts, before + word.place) - 1
            if 0 <= number < len(spans):
                start, end = written[spans[number]]
                found.append(SpokenWord(start, end - start, word.begins, word.ends))
        return tuple(found)

    @cached_property
    def _starts(self) -> list[int]:
        """Characters before each part, all of them parted by a space."""
        return [*accumulate((len(part) + 1 for part in self._parts), initial=0)]

    @cached_property
    def _matches(self) -> tuple[list[int], list[int], list[tuple[int, int]]]:
        """For each spoken word the number of the written one; where it begins; where the written ones stand."""
        spoken, written = [*_WORD.finditer(" ".join(self._parts))], [*_WORD.finditer(self._written)]
        numbers = matched([each[0] for each in written], [each[0] for each in spoken])
        return numbers, [each.start() for each in spoken], [each.span() for each in written]


def matched(written: Sequence[str], spoken: Sequence[str]) -> list[int]:
    """For each spoken word the number of the written word that it belongs to; empty where nothing is written."""
    if not written:
        return []
    one, other = [*map(_plain, written)], [*map(_plain, spoken)]
    if one == other:
        return [*range(len(one))]
    numbers: list[int] = []
    for _, first, last, begin, end in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        # What is spoken and written nowhere belongs to the word that follows: "#5" is "number 5".
        most = max(last - 1, min(first, len(written) - 1))
        count = max(last - first, 1)
        numbers += [min(first + (place - begin) * count // (end - begin), most) for place in range(begin, end)]
    return numbers


def _plain(word: str) -> str:
    """The word by which it is known again; marks alone stay as they are."""
    return _MARKS.sub("", word).casefold() or word


def _joined(words: Iterable[SpokenWord]) -> list[SpokenWord]:
    """One word for all that stand in the same place."""
    joined: list[SpokenWord] = []
    for word in words:
        if joined and joined[-1].place == word.place:
            before = joined.pop()
            word = SpokenWord(word.place, word.length, before.begins, max(before.ends, word.ends))
        joined.append(word)
    return joined
