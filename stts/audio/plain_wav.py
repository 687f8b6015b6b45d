"""Reads WAV files of the plainest form without ffmpeg, whose libraries take 22 MB and 0.1 s at their first use.

That is what speech programs send: 16-bit mono at the rate that is wanted, behind one header that is true. The samples
are the ones that ffmpeg gives. All other files, damaged ones among them, are ffmpeg's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from stts.audio.source import Source
from stts.audio.wav import HEADER_BYTES, SAMPLE_BYTES, sized_header
from stts.engine_api import Samples

FULL_SCALE = np.float32(1 << 15)


def plain_blocks(file: Source, sample_rate: int, block: int) -> Iterator[Samples] | None:
    """Blocks of so many samples, the last one shorter; None for a file of another form, rate or length than it states.

    `file` stays open. Raises what its reading does.
    """
    if not file.seekable():
        return None
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    data_bytes = size - HEADER_BYTES
    if data_bytes <= 0 or data_bytes % SAMPLE_BYTES:
        return None
    # A header that differs in one byte states something else, or something that is not so.
    if file.read(HEADER_BYTES) != sized_header(sample_rate, 1, data_bytes):
        return None
    return _blocks(file, block)


def _blocks(file: Source, block: int) -> Iterator[Samples]:
    held = b""
    while data := file.read(block * SAMPLE_BYTES - len(held)):
        held += data
        if len(held) == block * SAMPLE_BYTES:
            yield _samples(held)
            held = b""
    if held:
        yield _samples(held)


def _samples(data: bytes) -> Samples:
    return np.frombuffer(data, "<i2").astype(np.float32) / FULL_SCALE
