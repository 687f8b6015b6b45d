"""Tones that go on through a recording: the network, made for speech, takes some of them for its mark."""

from __future__ import annotations

import numpy as np

from stts.audio.watermark.spectrum import BAND, RANGE_DB, Levels

QUIETEST = 10.0
"""Percentile of a frequency's levels: what sounds all the time is loud there, speech, which comes and goes, is not."""
STANDS_OUT_DB = 20.0
"""Decibels by which a tone's quietest moments are louder than those of the frequencies beside it."""
BESIDE = 8
"""Frequencies on each side that a tone is compared with."""
WIDTH = 3
"""Frequencies on each side that a tone spreads over."""


def without_steady_tones(found: Levels) -> Levels | None:
    """The levels with what is beside each steady tone in its place; None where there is none."""
    levels = found[:, :BAND]
    quietest = np.percentile(levels, QUIETEST, axis=0) * RANGE_DB
    tones = np.zeros(BAND, np.bool_)
    for place in range(BAND):
        beside = np.concatenate(
            [quietest[max(0, place - BESIDE) : max(0, place - WIDTH)], quietest[place + WIDTH + 1 : place + BESIDE + 1]]
        )
        if quietest[place] - np.median(beside) > STANDS_OUT_DB:
            tones[max(0, place - WIDTH) : place + WIDTH + 1] = True
    others = np.flatnonzero(~tones)
    if not tones.any() or not len(others):
        return None
    mended = found.copy()
    for place in map(int, np.flatnonzero(tones)):
        next_one = int(np.searchsorted(others, place))
        low, high = others[max(0, next_one - 1)], others[min(next_one, len(others) - 1)]
        share = np.float32(0.5 if low == high else (place - low) / (high - low))
        mended[:, place] = found[:, low] * (1 - share) + found[:, high] * share
    return mended
