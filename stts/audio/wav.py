"""16 bit PCM and its WAV headers, for answers whose length is not yet known and for those whose length is."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from stts.engine_api import Samples

HEADER_BYTES = 44
UNKNOWN = 0xFFFFFFFF
"""Stands for a size not known when the header is sent; also for one that 32 bits cannot hold."""

SAMPLE_BYTES = 2
"""Bytes of one sample on one channel."""
_RIFF_REST = HEADER_BYTES - 8
RAW = {"pcm_s16le": (1, 2), "pcm_f32le": (3, 4), "pcma": (6, 1), "pcmu": (7, 1)}
"""Raw format -> the code that headers have for it, and the bytes of a sample."""


def streaming_header(sample_rate: int, channels: int) -> bytes:
    """The header of a stream: players read on until it ends. Nothing may follow the samples."""
    return _header(sample_rate, channels, UNKNOWN, UNKNOWN)


def sized_header(sample_rate: int, channels: int, data_bytes: int) -> bytes:
    """The header of a whole file with `data_bytes` of samples."""
    if data_bytes > UNKNOWN - _RIFF_REST:
        return streaming_header(sample_rate, channels)
    return _header(sample_rate, channels, data_bytes + _RIFF_REST, data_bytes)


def raw_header(format: str, sample_rate: int, channels: int) -> bytes:
    """The header that makes a file of raw audio of unknown length, in one of the formats of live streams."""
    code, width = RAW[format]
    return _header(sample_rate, channels, UNKNOWN, UNKNOWN, code, width)


def _header(
    sample_rate: int, channels: int, riff_size: int, data_size: int, code: int = 1, width: int = SAMPLE_BYTES
) -> bytes:
    frame = channels * width
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        riff_size,
        b"WAVE",
        b"fmt ",
        16,
        code,
        channels,
        sample_rate,
        sample_rate * frame,
        frame,
        8 * width,
        b"data",
        data_size,
    )


def to_int16(samples: Samples) -> NDArray[np.int16]:
    """Samples between -1 and 1 as 16-bit integers."""
    scaled: Samples = samples * np.float32(32_767.0)
    return np.rint(scaled, out=scaled).astype(np.int16)


def to_pcm(samples: Samples) -> bytes:
    """Samples as s16le; what is beyond -1..1 is cut off."""
    return to_int16(np.clip(samples, -1.0, 1.0)).astype("<i2", copy=False).tobytes()


def whole_file(samples: Samples, sample_rate: int) -> bytes:
    """A whole WAV file of mono samples."""
    data = to_pcm(samples)
    return sized_header(sample_rate, 1, len(data)) + data
