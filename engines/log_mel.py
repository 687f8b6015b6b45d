"""Log-mel spectrogram, the input of Whisper and of models derived from it. NumPy only."""

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
BLOCK = 32 * BANDS
"""Values made at once: so few that BLAS starts no threads, which cost a hundred times what they save here."""

# The mel scale of Slaney: even steps up to 1 kHz, then equal ratios.
_KNEE_HZ, _KNEE_MEL = 1000.0, 15.0
_RATIO = 6.4 ** (1 / 27)


def log_mel(samples: Samples, bands: int = BANDS) -> NDArray[np.float32]:
    """Log-mel spectrogram of shape (bands, n // 160), about -1..2. `samples`: mono at 16 kHz, more than 200 of them."""
    padded = np.pad(samples, WINDOW // 2, mode="reflect")
    columns = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][: len(samples) // HOP]
    hann, filters = _hann(), _filters(bands).T
    loudness = np.empty((len(columns), bands), np.float32)
    block = BLOCK // bands
    for start in range(0, len(columns), block):
        spectrum = np.fft.rfft(columns[start : start + block] * hann, axis=1)
        powers = np.square(spectrum.real) + np.square(spectrum.imag)
        loudness[start : start + block] = powers @ filters
    np.log10(np.maximum(loudness, QUIETEST, out=loudness), out=loudness)
    np.maximum(loudness, loudness.max() - RANGE, out=loudness)
    return np.ascontiguousarray(((loudness + 4.0) / 4.0).T)


def quiet_level(mel: NDArray[np.float32]) -> float:
    """The value of silence beside this sound in its spectrogram."""
    return max((float(np.log10(QUIETEST)) + 4.0) / 4.0, float(mel.max()) - RANGE / 4.0)


@cache
def _hann() -> NDArray[np.float32]:
    """Periodic Hann window."""
    angles = 2 * np.pi * np.arange(WINDOW) / WINDOW
    return (0.5 - 0.5 * np.cos(angles)).astype(np.float32)


@cache
def _filters(bands: int) -> NDArray[np.float32]:
    """Mel filter bank: triangles over the frequencies, each of the same area. Shape (bands, 201)."""
    edges = _hertz(np.linspace(0.0, _mel(STT_SAMPLE_RATE / 2), bands + 2))
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
