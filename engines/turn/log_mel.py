"""Log-mel spectrogram, the input of models derived from Whisper. NumPy only."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from stts.engine_api import STT_SAMPLE_RATE, Samples

WINDOW = 400
"""Samples that one column looks at: 25 ms."""
HOP = 160
"""Samples between two columns: 10 ms."""
BANDS = 80
QUIETEST = 1e-10
"""Power below which all is the same silence."""
RANGE = 8.0
"""Powers of ten from the loudest point down to which differences are kept."""

# The mel scale of Slaney: even steps up to 1 kHz, then equal ratios.
_KNEE_HZ, _KNEE_MEL = 1000.0, 15.0
_RATIO = 6.4 ** (1 / 27)


def log_mel(samples: Samples) -> NDArray[np.float32]:
    """Log-mel spectrogram of shape (80, n // 160), about -1..2. `samples`: mono at 16 kHz, more than 200 of them."""
    padded = np.pad(samples, WINDOW // 2, mode="reflect")
    columns = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][: len(samples) // HOP]
    powers = np.square(np.abs(np.fft.rfft(columns * _hann(), axis=1)))
    loudness = np.log10(np.maximum(_filters() @ powers.T, QUIETEST))
    kept: NDArray[np.float32] = np.maximum(loudness, loudness.max() - RANGE)
    return ((kept + 4.0) / 4.0).astype(np.float32)


@cache
def _hann() -> NDArray[np.float32]:
    """Periodic Hann window."""
    angles = 2 * np.pi * np.arange(WINDOW) / WINDOW
    return (0.5 - 0.5 * np.cos(angles)).astype(np.float32)


@cache
def _filters() -> NDArray[np.float32]:
    """Mel filter bank: triangles over the frequencies, each of the same area. Shape (80, 201)."""
    edges = _hertz(np.linspace(0.0, _mel(STT_SAMPLE_RATE / 2), BANDS + 2))
    frequencies = np.linspace(0.0, STT_SAMPLE_RATE / 2, WINDOW // 2 + 1)
    low, peak, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = (frequencies - low) / (peak - low)
    falling = (high - frequencies) / (high - peak)
    triangles = np.maximum(0.0, np.minimum(rising, falling)) * 2.0 / (high - low)
    return triangles.astype(np.float32)


def _mel(hertz: float) -> float:
    return _KNEE_MEL + float(np.log(hertz / _KNEE_HZ) / np.log(_RATIO))


def _hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mels < _KNEE_MEL, mels * _KNEE_HZ / _KNEE_MEL, _KNEE_HZ * _RATIO ** (mels - _KNEE_MEL))
