"""Raw PCM and G.711 streams: converts live bytes to samples and samples to bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from stts.audio import g711
from stts.audio.filters import SILENCE, bounded
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
SLICE_SECONDS = 0.5
"""Seconds of audio converted without yielding to the event loop: some 2 ms of work."""


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
        self._resampler = Resampler(rate, STT_SAMPLE_RATE) if rate != STT_SAMPLE_RATE else None

    def read(self, data: bytes) -> Samples:
        data = self._rest + data
        whole = len(data) - len(data) % self._frame
        self._rest = data[whole:]
        samples = _samples(self._format, data[:whole])
        if self._channels > 1:
            samples = samples.reshape(-1, self._channels).mean(axis=1, dtype=np.float32)
        return self._resampler.push(samples) if self._resampler is not None else samples

    def slices(self, data: bytes) -> Iterator[Samples]:
        """Reads like `read`, one slice of a long message at a time, so that other tasks run in between."""
        for start in range(0, len(data), self._slice):
            yield self.read(data[start : start + self._slice])

    def finish(self) -> Samples:
        """Flushes the last millisecond, which the resampler still holds."""
        return self._resampler.finish() if self._resampler is not None else SILENCE


class PCMWriter:
    """Converts one stream of mono samples (float32, or 16-bit as bytes) to bytes."""

    def __init__(self, format: str, rate_in: int, rate_out: int) -> None:
        """Raises UnsupportedFormat."""
        check_format(format, rate_out)
        self._format = format
        self._rest = b""
        self._resampler = Resampler(rate_in, rate_out) if rate_in != rate_out else None

    def write(self, audio: Samples | bytes) -> bytes:
        """`audio`: float32, or the bytes of s16le."""
        if isinstance(audio, bytes):
            audio = self._rest + audio
            whole = len(audio) - len(audio) % 2
            self._rest, audio = audio[whole:], _samples("pcm_s16le", audio[:whole])
        if self._resampler is not None:
            audio = self._resampler.push(bounded(audio, 1.0))
        return _bytes(self._format, audio)

    def finish(self) -> bytes:
        return _bytes(self._format, self._resampler.finish()) if self._resampler is not None else b""


def check_format(format: str, rate: int) -> None:
    """Raises UnsupportedFormat for what a live stream cannot be."""
    if format not in FORMATS:
        raise UnsupportedFormat("There is no such format of live audio.", param="format", allowed=FORMATS)
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise UnsupportedFormat(f"The rate of live audio is {LOWEST_RATE} to {HIGHEST_RATE} Hz.", param="rate")


def _samples(format: str, data: bytes) -> Samples:
    match format:
        case "pcm_f32le":
            # Whatever a client sends as floats: nothing may upset what listens.
            return bounded(np.frombuffer(data, "<f4").astype(np.float32), 1.0)
        case "pcmu" | "pcma":
            integers: NDArray[np.int16] = g711.decode(format, data)
        case _:
            integers = np.frombuffer(data, "<i2")
    return integers.astype(np.float32) / np.float32(FULL_SCALE)


def _bytes(format: str, samples: Samples) -> bytes:
    samples = bounded(samples, 1.0)
    integers = np.clip(np.rint(samples * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype("<i2")
    match format:
        case "pcm_f32le":
            return samples.astype("<f4").tobytes()
        case "pcmu" | "pcma":
            return g711.encode(format, integers)
        case _:
            return integers.tobytes()
