"""Raw PCM and G.711 streams: converts live bytes to samples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from stts.audio import g711
from stts.audio.resample import Resampler
from stts.engine_api import STT_SAMPLE_RATE, Samples
from stts.errors import UnsupportedFormat

PCMFormat = Literal["pcm_s16le", "pcm_f32le", "pcmu", "pcma"]

FORMATS: tuple[str, ...] = get_args(PCMFormat)
WIDTHS = {"pcm_s16le": 2, "pcm_f32le": 4, "pcmu": 1, "pcma": 1}
"""Bytes of a sample."""
LOWEST_RATE, HIGHEST_RATE = 8_000, 48_000
"""Hz."""
MOST_CHANNELS = 8
FULL_SCALE = 32_768
SCALE = np.float32(1 / FULL_SCALE)
"""A power of two: multiplying by it is as exact as dividing."""
SLICE_SECONDS = 0.5
"""Seconds of audio converted without yielding to the event loop: some 0.2 ms of work."""


class PCMReader:
    """Converts one stream of bytes, cut anywhere, to mono float32 samples at 16 kHz."""

    def __init__(self, format: str, rate: int, channels: int = 1) -> None:
        """`channels` are interleaved. Raises UnsupportedFormat."""
        check_format(format, rate)
        if not 1 <= channels <= MOST_CHANNELS:
            raise UnsupportedFormat(f"Live audio has 1 to {MOST_CHANNELS} channels.", param="channels")
        self._format = format
        self._channels = channels
        self._frame = WIDTHS[format] * channels
        self._slice = round(SLICE_SECONDS * rate) * self._frame
        self._rest = b""
        self._resampler = Resampler(rate, STT_SAMPLE_RATE)
        self._as_it_is = rate == STT_SAMPLE_RATE and format != "pcm_f32le"
        """Neither to be resampled nor to be looked at: integers are within full scale."""

    async def ready(self) -> None:
        """Returns when `read` will not hold up the event loop by loading what it needs."""
        await self._resampler.ready()

    def reads_now(self, data: bytes) -> bool:
        """True if reading it in one step holds up nobody."""
        return len(data) <= self._slice and self._resampler.is_ready

    def read(self, data: bytes) -> Samples:
        if self._rest:
            data = self._rest + data
        rest = len(data) % self._frame
        self._rest = data[len(data) - rest :] if rest else b""
        samples = _samples(self._format, data, (len(data) - rest) // WIDTHS[self._format])
        if self._channels > 1:
            samples = mean(samples, self._channels)
        return samples if self._as_it_is else self._resampler.push(samples)

    def slices(self, data: bytes) -> Iterator[Samples]:
        """Reads like `read`, one slice of a long message at a time, so that other tasks run in between."""
        for start in range(0, len(data), self._slice):
            yield self.read(data[start : start + self._slice])

    def finish(self) -> Samples:
        """Flushes the last 2 ms, which the resampler still holds."""
        return self._resampler.finish()


def mean(samples: Samples, channels: int) -> Samples:
    """Mixes interleaved channels to one."""
    # Clients may send any floats; what makes no number of them becomes silence behind this.
    with np.errstate(invalid="ignore", over="ignore"):
        mixed: Samples = samples.reshape(-1, channels).mean(axis=1, dtype=np.float32)
    return mixed


def check_format(format: str, rate: int) -> None:
    """Raises UnsupportedFormat for what a live stream cannot be."""
    if format not in FORMATS:
        raise UnsupportedFormat("There is no such format of live audio.", param="format", allowed=FORMATS)
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise UnsupportedFormat(f"The rate of live audio is {LOWEST_RATE} to {HIGHEST_RATE} Hz.", param="rate")


def _samples(format: str, data: bytes, count: int) -> Samples:
    """The first `count` samples of the data."""
    match format:
        case "pcm_f32le":
            return np.frombuffer(data, "<f4", count).astype(np.float32)
        case "pcmu" | "pcma":
            integers: NDArray[np.int16] = g711.decode(format, data[:count])
        case _:
            integers = np.frombuffer(data, "<i2", count)
    samples: Samples = np.multiply(integers, SCALE, dtype=np.float32)
    return samples
