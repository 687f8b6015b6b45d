"""A recording that an app plays over the session: it cuts speech, and nothing is heard meanwhile."""

from __future__ import annotations

import asyncio

import numpy as np

from routers.http.base64_text import from_base64
from stts.audio.resample import Resampler
from stts.errors import AudioTooLong, InvalidParameter

RATE = 24_000
"""Hz of recordings, whatever the format of the session."""
SAMPLE_BYTES = 2
MOST_SECONDS = 30
LARGE_CHARACTERS = 262_144
"""Base64 from which on it is decoded beside the event loop."""
FIXTURE = -1
"""The source of it in the output."""
_MOST_CHARACTERS = (MOST_SECONDS * RATE * SAMPLE_BYTES + 2) // 3 * 4
FULL_SCALE = 32_768


async def decoded(audio: str) -> bytes:
    """Raises InvalidParameter for what is not base64."""
    try:
        if len(audio) > LARGE_CHARACTERS:
            return await asyncio.to_thread(from_base64, audio)
        return from_base64(audio)
    except ValueError:
        raise InvalidParameter("This is not base64.", param="audio") from None


async def read_fixture(audio: str, rate: int) -> bytes:
    """The recording as s16le at another rate. Raises AudioTooLong and InvalidParameter."""
    if len(audio) > _MOST_CHARACTERS:
        raise AudioTooLong(f"A fixture lasts {MOST_SECONDS} s at most.", param="audio")
    data = await decoded(audio)
    if not data or len(data) % SAMPLE_BYTES:
        raise InvalidParameter("A fixture is pcm16, mono, of whole samples.", param="audio")
    if rate == RATE:
        return data
    resampler = Resampler(RATE, rate)
    await resampler.ready()
    return await asyncio.to_thread(_resampled, data, resampler)


def _resampled(data: bytes, resampler: Resampler) -> bytes:
    samples = np.frombuffer(data, "<i2").astype(np.float32) / np.float32(FULL_SCALE)
    return to_pcm(np.concatenate((resampler.push(samples), resampler.finish())))


def to_pcm(samples: np.ndarray[tuple[int], np.dtype[np.float32]]) -> bytes:
    """Samples within full scale as s16le."""
    return np.clip(np.rint(samples * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype("<i2").tobytes()
