"""Sounds for the audio tests, and what a plain ffmpeg hears in encoded ones."""

from __future__ import annotations

import io
from collections.abc import Iterator

import av
import numpy as np

from stts.engine_api import Samples


def tone(seconds: float, rate: int, *, frequency: float = 440.0, amplitude: float = 0.5) -> Samples:
    times = np.arange(round(seconds * rate)) / rate
    return (amplitude * np.sin(2 * np.pi * frequency * times)).astype(np.float32)


def faded(samples: Samples, count: int) -> Samples:
    """With both ends ramped, so that nothing in it clicks."""
    ramp = np.sin(np.linspace(0, np.pi / 2, count, dtype=np.float32))
    samples = samples.copy()
    samples[:count] *= ramp
    samples[-count:] *= ramp[::-1]
    return samples


def silence(seconds: float, rate: int) -> Samples:
    return np.zeros(round(seconds * rate), np.float32)


def blocks(samples: Samples, size: int) -> Iterator[Samples]:
    for start in range(0, len(samples), size):
        yield samples[start : start + size]


def split(samples: Samples, cuts: list[int]) -> list[Samples]:
    return np.split(samples, sorted(cut % (len(samples) + 1) for cut in cuts))


def rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0


def frequency_of(samples: Samples, rate: int) -> float:
    """Hz of the strongest tone."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * rate / len(samples))


def heard(data: bytes) -> tuple[Samples, int]:
    """All channels as rows of float32, and the rate the decoder gives."""
    with av.open(io.BytesIO(data), "r") as container:
        resampler = av.AudioResampler("fltp")
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
        return np.concatenate([frame.to_ndarray() for frame in frames], axis=1), frames[0].sample_rate


def lag(samples: Samples, reference: Samples) -> int:
    """Samples by which `reference` is late in `samples`."""
    size = len(samples) + len(reference)
    product = np.fft.rfft(samples, size) * np.conj(np.fft.rfft(reference, size))
    return int(np.argmax(np.fft.irfft(product, size)[: len(samples)]))
