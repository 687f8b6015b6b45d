"""The spectra that the watermark is written into: 100 a second, of windows of 64 ms at 32 kHz."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stts.engine_api import Samples

RATE = 32_000
"""Hz at which the watermark is written and read."""
HOP = 320
WINDOW = 2048
HALF = WINDOW // 2
BAND = 128
"""Lowest frequencies of a spectrum that carry the watermark: below 2 kHz."""
FAINTEST = 1e-9
LOWEST_DB = -180.0
RANGE_DB = 195.0
"""Decibels between the faintest magnitude, which is 0 to the network, and what is 1 to it."""
SHARE_HEARD = 0.05
"""A moment whose spectrum is less than this share of the loudest one's is digital silence, which carries no mark."""

Spectra = NDArray[np.complex64]
Levels = NDArray[np.float32]

_TURNS = np.arange(WINDOW) / WINDOW
HANN = (0.5 - 0.5 * np.cos(2 * np.pi * _TURNS)).astype(np.float32)
_OVERLAP = float(np.square(HANN).sum()) / HOP
"""Sum of the squared windows that lie over one sample."""


def spectra(samples: Samples) -> Spectra:
    """The spectra of all windows that lie within the samples, one a row."""
    if len(samples) < WINDOW:
        return np.zeros((0, HALF + 1), np.complex64)
    windows = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
    return np.fft.rfft(windows * HANN, axis=1).astype(np.complex64)


def whole_spectra(samples: Samples) -> Spectra:
    """The spectra of a recording, whose first window is centred on its first sample; it is mirrored at both ends."""
    return spectra(np.pad(samples, HALF, mode="reflect"))


def levels(found: Spectra) -> Levels:
    """The magnitudes as the network reads them: decibels, 0 for the faintest."""
    decibels = 20 * np.log10(np.maximum(np.abs(found), FAINTEST))
    return ((decibels - LOWEST_DB) / RANGE_DB).astype(np.float32)


def waves(found: Spectra) -> Samples:
    """Windows of samples out of spectra, one a row, that add up to the sound where they overlap."""
    made = np.fft.irfft(found, WINDOW, axis=1)
    return (made * (HANN / _OVERLAP)).astype(np.float32)
