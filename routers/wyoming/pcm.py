"""Converts raw audio of any rate, width and number of channels to mono float32 at 16 kHz."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from routers.wyoming.schemas import AudioShape
from stts.audio.pcm import mean
from stts.audio.resample import Resampler
from stts.engine_api import STT_SAMPLE_RATE, Samples


class Converter:
    """Converter of one stream, whose shape may change on the way."""

    def __init__(self) -> None:
        self._rate = STT_SAMPLE_RATE
        self._resampler = Resampler(STT_SAMPLE_RATE, STT_SAMPLE_RATE)
        self._frame_bytes = 0
        self._rest = b""
        """The beginning of a frame (a sample of every channel) whose other bytes are still to come."""

    async def ready(self, shape: AudioShape) -> None:
        """Returns when `push` will not hold up the event loop by loading what it needs for this shape."""
        if shape.rate != self._rate:
            await Resampler(shape.rate, STT_SAMPLE_RATE).ready()

    def push(self, shape: AudioShape, data: bytes) -> Iterator[Samples]:
        """At most a second at a time. A chunk may end inside a sample; the rest of it begins the next chunk."""
        frame_bytes = shape.width * shape.channels
        if frame_bytes == self._frame_bytes:
            data = self._rest + data
        whole = len(data) - len(data) % frame_bytes
        self._frame_bytes, self._rest, data = frame_bytes, data[whole:], data[:whole]
        if shape.rate != self._rate:
            yield self._resampler.finish()
            self._rate = shape.rate
            self._resampler = Resampler(shape.rate, STT_SAMPLE_RATE)
        for start in range(0, len(data), shape.rate * frame_bytes):
            samples = mono(data[start : start + shape.rate * frame_bytes], shape.width, shape.channels)
            yield self._resampler.push(samples)

    def finish(self) -> Samples:
        """Flushes the held samples; half a sample at the end is dropped."""
        self._rest = b""
        return self._resampler.finish()


def mono(data: bytes, width: int, channels: int) -> Samples:
    """The mean of the channels. 8 bit is unsigned, as in WAV files; wider samples are signed and little-endian."""
    if width == 1:
        samples = (np.frombuffer(data, np.uint8).astype(np.float32) - 128.0) / 128.0
    else:
        # Left-justified in 32 bits, so that one scale fits all.
        whole = np.zeros((len(data) // width, 4), np.uint8)
        whole[:, 4 - width :] = np.frombuffer(data, np.uint8).reshape(-1, width)
        samples = whole.view("<i4").reshape(-1).astype(np.float32) / 2.0**31
    return samples if channels == 1 else mean(samples, channels)
