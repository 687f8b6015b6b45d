"""The level of a voice: how loud speech is while it sounds, and the gain that brings all voices to one level.

Pauses count for nothing, as in ITU-T P.56. Engines differ by 15 dB; a listener who hears two of them in one
conversation should not reach for the volume. What a gain lifts over full scale is the limiter's part (`effects.py`).
"""

from __future__ import annotations

import numpy as np

from stts.engine_api import Samples

FRAME_SECONDS = 0.02
ACTIVE_BELOW_LOUDEST = 25.0
"""Decibels below the loudest frames within which a frame counts as speech."""
LOUDEST_PART = 95
"""Percentile of the frames that stands for the loudest, so that a click does not."""
SILENT_POWER = 1e-6
"""Mean square of frames, -60 dBFS, below which nothing is speech."""
SHORTEST_SECONDS = 0.3
"""Seconds of speech that say how loud a voice is."""
MOST_GAIN = 20.0
"""Decibels up or down at most: what is farther off is no voice, or no speech."""


def active_level(samples: Samples, rate: int) -> float | None:
    """Mean level in dBFS of the frames with speech; None where there is too little of it. `rate` in Hz."""
    length = max(1, round(FRAME_SECONDS * rate))
    whole = len(samples) // length * length
    if not whole:
        return None
    powers = np.square(samples[:whole].reshape(-1, length), dtype=np.float64).mean(axis=1)
    sounding = powers[powers > SILENT_POWER]
    if not len(sounding):
        return None
    loudest = np.percentile(sounding, LOUDEST_PART)
    speech = sounding[sounding > loudest * 10 ** (-ACTIVE_BELOW_LOUDEST / 10)]
    if len(speech) * FRAME_SECONDS < SHORTEST_SECONDS:
        return None
    return float(10 * np.log10(speech.mean()))


class LevelMatch:
    """Brings the voice of one answer to a level by a gain that stays the same from the first block on."""

    def __init__(self, wanted: float | None, own: float | None, rate: int) -> None:
        """`wanted` and `own` in dBFS. None for `wanted` changes nothing, None for `own` has it measured."""
        self._wanted = wanted
        self._rate = rate
        self._factor = None if own is None else self._gain(own)
        self._first_piece: list[Samples] | None = [] if wanted is not None and own is None else None
        """Measures audio while it comes."""
        self.measured: float | None = None
        """Level in dBFS of the first piece, after its end."""

    def push(self, samples: Samples) -> Samples:
        if self._wanted is None or not len(samples):
            return samples
        if self._first_piece is not None:
            # A copy: an engine may yield the same array again and again, with other samples in it.
            self._first_piece.append(samples.copy())
        self.expect(samples)
        return samples if self._factor == 1.0 else samples * np.float32(self._factor)

    def expect(self, samples: Samples) -> None:
        """Measures a voice on samples that are pushed after this, where nothing was pushed yet and it is not known."""
        if self._wanted is None or self._factor is not None or not len(samples):
            return
        # What is too short to be measured is left alone for the whole answer: a gain that jumps is worse.
        level = active_level(samples, self._rate)
        self._factor = 1.0 if level is None else self._gain(level)

    def end_piece(self) -> None:
        if self._first_piece:
            self.measured = active_level(np.concatenate(self._first_piece), self._rate)
            self._first_piece = None

    def _gain(self, own: float) -> float:
        decibels = 0.0 if self._wanted is None else self._wanted - own
        return float(10 ** (min(max(decibels, -MOST_GAIN), MOST_GAIN) / 20))
