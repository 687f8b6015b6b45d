"""Where one voice gives way to another within a stretch of speech. Pure.

A region of speech is heard through windows, each with a vector. Pieces between changes are short enough to be of one
speaker; once the speakers are known, each window is given to one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stts.voices.clustering import Vectors, unit

BESIDE = 2
"""Windows on each side of a place that are compared."""
LONGEST_PIECE = 4.0
"""Seconds. Longer pieces would hide who speaks for a short while within them."""
SWITCH = 0.25
"""How much less alike the voice of a window may be before it is another's: nobody says but half a word."""


@dataclass(frozen=True, slots=True)
class Windows:
    """The vectors of one region of speech."""

    start: float
    """Seconds from the start of the recording."""
    seconds: float
    """Length of the region."""
    vectors: Vectors
    width: float
    """Seconds that each vector was made of."""
    hop: float
    """Seconds from one to the next."""

    def at(self, time: float) -> int:
        """The window whose middle is nearest to a moment, in seconds from the start of the recording."""
        place = round((time - self.start - self.width / 2) / self.hop)
        return min(max(place, 0), len(self.vectors) - 1)

    def edge(self, number: int) -> float:
        """The moment between a window and the one before it, in seconds from the start of the recording."""
        if number <= 0:
            return self.start
        if number >= len(self.vectors):
            return self.start + self.seconds
        return min(self.start + self.width / 2 + (number - 0.5) * self.hop, self.start + self.seconds)


@dataclass(frozen=True, slots=True)
class Piece:
    """Windows of a region that sound like one voice: from the first to before the last."""

    first: int
    last: int
    seconds: float


def pieces_of(windows: Windows, same: float) -> list[Piece]:
    """The region in pieces, cut where the voice changes, and where a piece is long."""
    longest = max(1, round(LONGEST_PIECE / windows.hop))
    cuts = [0]
    for place in _changes(windows.vectors, same):
        cuts += range(cuts[-1] + longest, place, longest)
        cuts.append(place)
    cuts += range(cuts[-1] + longest, len(windows.vectors), longest)
    ends = [*cuts[1:], len(windows.vectors)]
    return [
        Piece(first, last, windows.edge(last) - windows.edge(first))
        for first, last in zip(cuts, ends, strict=True)
        if last > first
    ]


def turns_of(windows: Windows, same: float, shortest: float) -> Iterator[tuple[float, float]]:
    """Stretches between changes of the voice, in seconds from the start of the recording; all of the region is in one.

    None is shorter than `shortest`, unless the region is.
    """
    start, end = windows.start, windows.start + windows.seconds
    for place in _changes(windows.vectors, same):
        edge = windows.edge(place)
        if edge - start >= shortest and end - edge >= shortest:
            yield start, edge
            start = edge
    yield start, end


def _changes(vectors: Vectors, same: float) -> Iterator[int]:
    """Places where what follows is least like what was before, and less than one speaker is like himself."""
    likeness = np.ones(len(vectors) + 1)
    for place in range(1, len(vectors)):
        before = unit(vectors[max(0, place - BESIDE) : place].mean(axis=0))
        after = unit(vectors[place : place + BESIDE].mean(axis=0))
        likeness[place] = float(before @ after)
    for place in range(1, len(vectors)):
        near = likeness[max(0, place - BESIDE) : place + BESIDE + 1]
        if likeness[place] < same and likeness[place] == near.min():
            yield place


def spoken_by(windows: Windows, sums: Vectors) -> NDArray[np.intp]:
    """The speaker of each window: as alike as can be, with as few changes as can be.

    `sums`: a vector for each speaker. The likeliest course of all is taken (Viterbi).
    """
    likeness = windows.vectors @ unit(sums).T
    score = likeness[0].copy()
    origins = np.zeros(likeness.shape, np.intp)
    for number in range(1, len(likeness)):
        best = int(np.argmax(score))
        stay = score >= score[best] - SWITCH
        origins[number] = np.where(stay, np.arange(len(score)), best)
        score = np.where(stay, score, score[best] - SWITCH) + likeness[number]
    course = np.zeros(len(likeness), np.intp)
    course[-1] = int(np.argmax(score))
    for number in range(len(likeness) - 1, 0, -1):
        course[number - 1] = origins[number, course[number]]
    return course


def runs(labels: Sequence[int] | NDArray[np.intp]) -> Iterator[tuple[int, int, int]]:
    """Stretches of one label: the first place, the one after the last, and the label."""
    first = 0
    for place in range(1, len(labels) + 1):
        if place == len(labels) or labels[place] != labels[first]:
            yield first, place, int(labels[first])
            first = place
