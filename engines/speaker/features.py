"""Spectrograms that networks for voices look at. NumPy only.

Two families: d-vectors, as the first of Google's speaker encoders had them, and the filter banks of Kaldi, which the
exports of WeSpeaker and 3D-Speaker take.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from stts.engine_api import STT_SAMPLE_RATE, Samples

HOP = 160
"""Samples between two columns: 10 ms."""
WIDTH = 400
"""Samples that one column looks at."""
FFT = 512
LOUDNESS = 0.1
"""Root mean square to which speech is brought before it is looked at: a voice is the same from afar."""
QUIETEST = 1e-10

Features = NDArray[np.float32]
"""Shape (columns, bands)."""


def levelled(samples: Samples) -> Samples:
    """The samples at the one loudness; silence stays silence."""
    power = float(np.sqrt(np.mean(np.square(samples), dtype=np.float64))) if len(samples) else 0.0
    return np.asarray(samples * (LOUDNESS / max(power, 1e-5)), np.float32)


def d_vector_features(samples: Samples) -> Features:
    """Logarithms (base 10) of 40 mel bands, by Slaney's scale and area."""
    columns = _columns(samples, FFT) * _hamming()
    power = np.square(np.abs(np.fft.rfft(columns, axis=1)))
    return np.asarray(np.log10(power @ _slaney_bands().T + QUIETEST), np.float32)


def filter_bank(samples: Samples) -> Features:
    """Natural logarithms of Kaldi's 80 mel bands."""
    columns = _columns(samples * 32768.0, WIDTH).astype(np.float64)
    columns = columns - columns.mean(axis=1, keepdims=True)
    before = np.concatenate((columns[:, :1], columns[:, :-1]), axis=1)
    power = np.square(np.abs(np.fft.rfft((columns - 0.97 * before) * _povey(), FFT, axis=1)))
    return np.asarray(np.log(np.maximum(power @ _kaldi_bands().T, np.finfo(np.float32).eps)), np.float32)


def _columns(samples: Samples, width: int) -> NDArray[np.float32]:
    """Stretches of the samples, one every 10 ms; shape (n, width)."""
    if len(samples) < width:
        samples = np.pad(samples, (0, width - len(samples)))
    columns: NDArray[np.float32] = np.lib.stride_tricks.sliding_window_view(samples, width)[::HOP]
    return columns


@cache
def _hamming() -> NDArray[np.float32]:
    """A Hamming window of 25 ms in the middle of the transform."""
    window = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(WIDTH) / WIDTH)
    return np.pad(window, (FFT - WIDTH) // 2).astype(np.float32)


@cache
def _povey() -> NDArray[np.float64]:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WIDTH) / (WIDTH - 1))) ** 0.85


@cache
def _slaney_bands(bands: int = 40) -> NDArray[np.float32]:
    """Triangles of one area; even steps up to 1 kHz, then equal ratios."""
    knee, ratio = 15.0, 6.4 ** (1 / 27)
    top = knee + np.log(STT_SAMPLE_RATE / 2 / 1000) / np.log(ratio)
    mels = np.linspace(0.0, top, bands + 2)
    edges = np.where(mels < knee, mels * 1000 / knee, 1000 * ratio ** (mels - knee))
    area = 2.0 / (edges[2:] - edges[:-2])
    return (_triangles(edges, np.linspace(0, STT_SAMPLE_RATE / 2, FFT // 2 + 1)) * area[:, None]).astype(np.float32)


@cache
def _kaldi_bands(bands: int = 80) -> NDArray[np.float64]:
    """Triangles of one height in mels, from 20 Hz to the highest frequency."""
    low, high = _mel(np.array(20.0)), _mel(np.array(STT_SAMPLE_RATE / 2))
    return _triangles(
        np.linspace(float(low), float(high), bands + 2), _mel(np.linspace(0, STT_SAMPLE_RATE / 2, FFT // 2 + 1))
    )


def _mel(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1127.0 * np.log(1.0 + hertz / 700.0))


def _triangles(edges: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    low, peak, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    return np.maximum(0.0, np.minimum((places - low) / (peak - low), (high - places) / (high - peak)))
