"""The part of a recording that is best to be cloned: as much speech as fits, none of it clipped, cut in pauses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stts.voices.figures import Window

SLOT_SECONDS = 0.1
"""Resolution in which a recording is remembered: an hour is 36,000 slots."""
MARGIN = 2
"""Slots kept before the first sound and after the last."""
CLIPPED_COST = 10.0
"""Slots of sound that a slot with clipped samples must be worth to be taken."""
ROWS = 1024
"""Ends that are compared at once."""
CUT_COST = 5.0
"""Slots of sound that an end within a word costs."""


def best_window(
    powers: NDArray[np.float32], clipped: NDArray[np.bool_], threshold: float | None, longest: float
) -> Window:
    """The best part of at most `longest` seconds. `powers`: the mean square of each slot; `threshold`: from which it
    sounds. Without any sound it is the beginning."""
    most = max(1, int(longest / SLOT_SECONDS + 1e-6))
    if threshold is None or not len(powers):
        return Window(0.0, min(len(powers), most) * SLOT_SECONDS)
    sounds = powers >= threshold
    start, end = _best_part(sounds, clipped, most)
    inside = np.flatnonzero(sounds[start:end])
    if not len(inside):
        return Window(start * SLOT_SECONDS, end * SLOT_SECONDS)
    first = max(0, start + int(inside[0]) - MARGIN)
    last = min(len(powers), start + int(inside[-1]) + 1 + MARGIN, first + most)
    return Window(first * SLOT_SECONDS, last * SLOT_SECONDS)


def _best_part(sounds: NDArray[np.bool_], clipped: NDArray[np.bool_], most: int) -> tuple[int, int]:
    """The first slot and the end of the part that is worth the most, of at most so many slots."""
    before = np.concatenate(([0.0], np.cumsum(sounds - CLIPPED_COST * clipped)))
    """Worth of all before each place."""
    within_word = np.zeros(len(sounds) + 1)
    within_word[1:-1] = CUT_COST * (sounds[1:] & sounds[:-1])
    most = min(most, len(sounds))
    begins = np.concatenate((np.full(most, np.inf), before + within_word))[:-1]
    # Of each end, all places where a part that is short enough may begin.
    starts = np.lib.stride_tricks.sliding_window_view(begins, most)
    # A few at a time: numpy makes a copy of all that it compares.
    best = np.concatenate([starts[row : row + ROWS].argmin(axis=1) for row in range(1, len(starts), ROWS)])
    ends = np.arange(1, len(sounds) + 1)
    firsts = ends + best - most
    gains = (before - within_word)[ends] - begins[best + ends]
    chosen = int(np.argmax(gains))
    return int(firsts[chosen]), int(ends[chosen])
