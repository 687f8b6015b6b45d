"""How high the sound of a recording reaches: a telephone ends at 4 kHz, whatever rate its file has."""

from __future__ import annotations

import numpy as np

from stts.audio.level import SILENT_POWER
from stts.engine_api import Samples

FRAME = 2048
"""Samples of one spectrum."""
BAND = 250.0
"""Hz over which a spectrum is averaged, so that a single whistle is no bandwidth."""
BELOW_STRONGEST = 60.0
"""Decibels below its strongest band within which a band counts as sound."""


class MeanSpectrum:
    """Power by frequency, added up over all frames that sound."""

    def __init__(self, rate: int) -> None:
        """`rate` in Hz."""
        self._rate = rate
        self._window = np.hanning(FRAME).astype(np.float32)
        self._powers = np.zeros(FRAME // 2 + 1, np.float64)

    def add(self, samples: Samples) -> None:
        """The next samples; an incomplete frame at their end is left out."""
        whole = len(samples) // FRAME * FRAME
        frames = samples[:whole].reshape(-1, FRAME)
        frames = frames[np.square(frames).mean(axis=1) > SILENT_POWER]
        if len(frames):
            # A level that does not change is no sound.
            moving = frames - frames.mean(axis=1, keepdims=True)
            self._powers += np.square(np.abs(np.fft.rfft(moving * self._window, axis=1))).sum(axis=0)

    @property
    def bandwidth(self) -> float | None:
        """Hz of the upper end of the highest band with sound; None: nothing sounds."""
        width = max(1, round(BAND * FRAME / self._rate))
        whole = len(self._powers) // width * width
        bands = self._powers[:whole].reshape(-1, width).sum(axis=1)
        if not bands.any():
            return None
        highest = int(np.flatnonzero(bands >= bands.max() * 10 ** (-BELOW_STRONGEST / 10))[-1])
        return min((highest + 1) * width * self._rate / FRAME, self._rate / 2)
