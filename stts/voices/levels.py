"""Levels of all frames of a recording, counted in steps: a recording of any length takes a few kilobytes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from stts.audio.level import ACTIVE_BELOW_LOUDEST, LOUDEST_PART, SILENT_POWER

FLOOR = -120.0
"""dBFS of the lowest step."""
STEP = 0.5
"""Decibels of one step."""
STEPS = round(-FLOOR / STEP) + 1
DIGITAL_SILENCE = -90.0
"""dBFS below which a frame is a gap that a program has made, and tells nothing of the room."""
OVER_NOISE = 6.0
"""Decibels over its quietest tenth from which a frame of a noisy recording sounds."""
LEAST_BELOW_LOUDEST = 10.0
"""Decibels below the loudest frames within which a frame sounds in any case: of a steady sound all do."""
NOISE_PART = 0.1
"""Share of the frames, the quietest, that stand for the noise."""
CLEANEST = 80.0
"""Most decibels of signal to noise that are told."""


class FrameLevels:
    """Counts frames by their mean square."""

    def __init__(self) -> None:
        self._counts = np.zeros(STEPS, np.int64)
        self._powers = np.zeros(STEPS, np.float64)

    def add(self, powers: NDArray[np.float64]) -> None:
        """Mean squares of the next frames."""
        steps = np.clip(np.rint((_decibels(powers) - FLOOR) / STEP), 0, STEPS - 1).astype(np.int64)
        self._counts += np.bincount(steps, minlength=STEPS)
        self._powers += np.bincount(steps, weights=powers, minlength=STEPS)

    @property
    def threshold(self) -> float | None:
        """Mean square from which a frame sounds; None: none does."""
        counts = self._counts.copy()
        counts[: _step(10 * math.log10(SILENT_POWER)) + 1] = 0
        if not counts.any():
            return None
        loudest = FLOOR + STEP * int(np.searchsorted(np.cumsum(counts), counts.sum() * LOUDEST_PART / 100))
        heard, _ = self._heard
        quietest = FLOOR + STEP * int(np.searchsorted(np.cumsum(heard), heard.sum() * NOISE_PART))
        over_noise = min(quietest + OVER_NOISE, loudest - LEAST_BELOW_LOUDEST)
        return max(float(10 ** (max(loudest - ACTIVE_BELOW_LOUDEST, over_noise) / 10)), SILENT_POWER)

    @property
    def _heard(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Counts and sums by step, gaps that a program has made apart."""
        counts, powers = self._counts.copy(), self._powers.copy()
        counts[: _step(DIGITAL_SILENCE)] = 0
        powers[: _step(DIGITAL_SILENCE)] = 0
        return counts, powers

    def sounding(self, threshold: float) -> tuple[float, float]:
        """Share of the frames that sound, and their mean square."""
        first = _step(10 * math.log10(threshold))
        frames = int(self._counts[first:].sum())
        return frames / max(1, int(self._counts.sum())), float(self._powers[first:].sum()) / max(1, frames)

    def signal_to_noise(self, threshold: float) -> float:
        """Decibels of what sounds over the quietest tenth of all frames, gaps that a program has made apart."""
        counts, powers = self._heard
        quiet = np.cumsum(counts) - counts < counts.sum() * NOISE_PART
        noise = float(powers[quiet & (counts > 0)].sum()) / max(1, int(counts[quiet].sum()))
        _, both = self.sounding(threshold)
        if noise <= 0:
            return CLEANEST
        return min(CLEANEST, 10 * math.log10(max(both - noise, noise / 100) / noise))


def _decibels(powers: NDArray[np.float64]) -> NDArray[np.float64]:
    lowest = 10 ** (FLOOR / 10)
    decibels: NDArray[np.float64] = 10 * np.log10(np.maximum(powers, lowest))
    return decibels


def _step(decibels: float) -> int:
    return min(max(round((decibels - FLOOR) / STEP), 0), STEPS - 1)
