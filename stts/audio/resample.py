"""Resampling of a live stream: samples in, samples out at another rate, a millisecond behind.

A bank of windowed sinc filters is made once for a pair of rates and shared; a stream keeps only its last samples. So it
costs a few hundred bytes and nothing at its start, where a resampler of ffmpeg takes 2 ms and up to 100 KB.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from stts.audio.filters import SILENCE
from stts.engine_api import Samples

CROSSINGS = 16
"""Zero crossings of the sinc on each side: half the length of a filter, in samples of the lower rate."""
ROLL_OFF = 0.92
"""End of the pass band, as a part of the lower Nyquist frequency."""
BETA = 8.0
"""Beta of the Kaiser window: the stop band is some 80 dB down."""
MOST_PHASES = 1024
"""Rates without a common divisor would need a filter for each of very many phases: the nearest of these is taken."""
BLOCK = 16_000
"""Samples resampled at once: bounds the memory that a large message takes."""


class Resampler:
    """Resampler of one mono stream. The output does not depend on how the stream is cut into pieces."""

    def __init__(self, rate_in: int, rate_out: int) -> None:
        common = math.gcd(rate_in, rate_out)
        self._up, self._down = rate_out // common, rate_in // common
        self._bank = filters(self._up, self._down)
        self._half = self._bank.shape[1] // 2
        self._held: Samples = np.zeros(self._half - 1, np.float32)
        self._position = 0
        """Position of the next output sample, in `1 / up` of an input sample, from the start of the held samples."""

    def push(self, samples: Samples) -> Samples:
        if len(samples) <= BLOCK:
            return self._push(samples)
        parts = [self._push(samples[start : start + BLOCK]) for start in range(0, len(samples), BLOCK)]
        return np.concatenate(parts)

    def finish(self) -> Samples:
        """Flushes the held samples."""
        return self._push(np.zeros(self._half, np.float32))

    def _push(self, samples: Samples) -> Samples:
        held = np.concatenate((self._held, samples))
        starts = len(held) - 2 * self._half + 1
        count = max(0, -(-(starts * self._up - self._position) // self._down))
        out = self._at(held, self._position + self._down * np.arange(count)) if count else SILENCE
        self._position += self._down * count
        passed, self._position = divmod(self._position, self._up)
        self._held = held[passed:].copy()
        return out

    def _at(self, held: Samples, positions: NDArray[np.int64]) -> Samples:
        starts, parts = np.divmod(positions, self._up)
        windows = sliding_window_view(held, 2 * self._half)[starts]
        phases = parts * len(self._bank) // self._up
        out: Samples = np.einsum("ij,ij->i", windows, self._bank[phases])
        return out


@lru_cache(maxsize=16)
def filters(up: int, down: int) -> NDArray[np.float32]:
    """Filter bank: one row for each phase between two input samples."""
    cutoff = ROLL_OFF * min(1.0, up / down)
    half = math.ceil(CROSSINGS * max(1.0, down / up))
    phases = min(up, MOST_PHASES)
    distance = np.arange(2 * half) - (half - 1) - np.arange(phases)[:, np.newaxis] / phases
    window = np.i0(BETA * np.sqrt(np.clip(1 - (distance / half) ** 2, 0, 1))) / np.i0(BETA)
    bank = np.sinc(cutoff * distance) * window
    normal: NDArray[np.float32] = (bank / bank.sum(axis=1, keepdims=True)).astype(np.float32)
    return normal
