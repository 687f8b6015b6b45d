"""When a voice of Piper says a word, by the lengths that its network gives to phonemes.

The library writes what it reads as one row of phonemes, in which "in the" is one word and "48" are two. So each word is
read by itself as well, which costs a hundredth of its sound: that tells how many words of the row it is, and how long.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from stts.spoken_words import SpokenWord, Words

MOST_JOINED = 4
"""Words that are read as one."""
_BEGIN, _BETWEEN, _END = "^", "_", "$"
_SILENT = frozenset("ˈˌ ,.;:!?-—…\"'()")
"""Signs in a row of phonemes that make no sound of their own."""

Read = Callable[[str], Sequence[str]]
"""Tells the phonemes of a text."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """A word as it is read by itself, or a part of one."""

    span: tuple[int, int]
    """Where the written word begins and ends."""
    length: int
    """Phonemes."""


def words_of(sentence: str, read: Read, phonemes: Sequence[str], starts: Sequence[float]) -> Words:
    """The words of a sentence. `starts`: when each of its phonemes begins, and the last one ends; none: unknown."""
    groups = _groups(phonemes)
    units = [unit for word in re.finditer(r"\S+", sentence) for unit in _units(word.span(), read(word[0]))]
    shares = _shared([end - begin for begin, end in groups], [unit.length for unit in units])
    if not starts or shares is None:
        return ()
    words: list[SpokenWord] = []
    number = 0
    for (begin, end), count in zip(groups, shares, strict=True):
        own = units[number : number + count]
        number += count
        whole = sum(unit.length for unit in own)
        for unit, done in zip(own, accumulate((unit.length for unit in own), initial=0), strict=False):
            first, last = (begin + (end - begin) * part // whole for part in (done, done + unit.length))
            start, stop = unit.span
            words.append(SpokenWord(start, stop - start, starts[first], starts[max(last, first + 1)]))
    return tuple(words)


def starts_of(
    phonemes: Sequence[str], ids: Mapping[str, Sequence[int]], frames: NDArray[np.float32], frame_seconds: float
) -> list[float]:
    """When each phoneme begins, and the last one ends. `frames`: of each id of the sentence; none is told where they
    are not as many."""
    counts = [len(ids[each]) + len(ids[_BETWEEN]) if each in ids else 0 for each in phonemes]
    lead = len(ids[_BEGIN]) + len(ids[_BETWEEN])
    if lead + sum(counts) + len(ids[_END]) != len(frames):
        return []
    ends = np.concatenate([[0.0], np.cumsum(frames)]) * frame_seconds
    return [float(ends[lead + done]) for done in accumulate(counts, initial=0)]


def _groups(phonemes: Sequence[str]) -> list[tuple[int, int]]:
    """The words of a row of phonemes: where each begins to sound, and ends."""
    groups: list[tuple[int, int]] = []
    at = 0
    for place in [*(place for place, each in enumerate(phonemes) if each == " "), len(phonemes)]:
        sounding = [index for index in range(at, place) if phonemes[index] not in _SILENT]
        if sounding:
            groups.append((sounding[0], sounding[-1] + 1))
        at = place + 1
    return groups


def _units(span: tuple[int, int], phonemes: Sequence[str]) -> list[_Unit]:
    return [_Unit(span, end - begin) for begin, end in _groups(phonemes)]


def _shared(groups: Sequence[int], units: Sequence[int]) -> list[int] | None:
    """How many units each group is, such that their lengths fit best; None where there are too few."""
    if len(groups) == len(units):
        return [1] * len(groups)
    far = float("inf")
    before = [*accumulate(units, initial=0)]
    costs = [[far] * (len(units) + 1) for _ in range(len(groups) + 1)]
    taken = [[0] * (len(units) + 1) for _ in range(len(groups) + 1)]
    costs[0][0] = 0.0
    for row, length in enumerate(groups, 1):
        for column in range(row, len(units) + 1):
            for count in range(1, min(MOST_JOINED, column) + 1):
                cost = costs[row - 1][column - count] + abs(length - before[column] + before[column - count])
                if cost < costs[row][column]:
                    costs[row][column], taken[row][column] = cost, count
    if costs[-1][-1] == far:
        return None
    shares: list[int] = []
    column = len(units)
    for row in range(len(groups), 0, -1):
        shares.append(taken[row][column])
        column -= shares[-1]
    return shares[::-1]
