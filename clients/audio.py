"""Decodes what a server has sent and measures it: a file that plays may still be silent or too short."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import av
import numpy as np
from numpy.typing import NDArray

SILENT_BELOW = 0.01
"""Peak below which audio counts as silent, as a part of full scale."""


@dataclass(frozen=True, slots=True)
class Sound:
    seconds: float
    peak: float
    """Peak as a part of full scale, 0..1."""

    @property
    def silent(self) -> bool:
        return self.peak < SILENT_BELOW


def measure(data: bytes, *, pcm_rate: int | None = None) -> Sound:
    """`pcm_rate` in Hz says that it is headerless 16 bit mono. Raises ValueError for what does not decode."""
    if pcm_rate is not None:
        samples = np.frombuffer(data[: len(data) // 2 * 2], "<i2") / 32_768
        return Sound(len(samples) / pcm_rate, float(np.max(np.abs(samples), initial=0.0)))
    try:
        return _decoded(data)
    except (av.FFmpegError, IndexError) as error:
        raise ValueError(f"{len(data)} bytes that do not decode") from error


def _decoded(data: bytes) -> Sound:
    seconds, peak = 0.0, 0.0
    with av.open(io.BytesIO(data), "r") as container:
        for block, rate in _blocks(container):
            seconds += block.shape[-1] / rate
            peak = max(peak, float(np.max(np.abs(block), initial=0.0)))
    return Sound(seconds, peak)


def _blocks(container: av.container.InputContainer) -> Iterator[tuple[NDArray[np.float32], int]]:
    resampler = av.AudioResampler("fltp", "mono")
    for frame in container.decode(audio=0):
        for part in resampler.resample(frame):
            yield np.asarray(part.to_ndarray(), np.float32), part.sample_rate
