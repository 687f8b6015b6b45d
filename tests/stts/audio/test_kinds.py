"""Every container that recordings come in, with every codec that PyAV writes into it: length, pitch and loudness."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest
from av.codec.codec import Codec

from stts.audio.decode import Decoder
from tests.stts.audio.files import Track, written
from tests.stts.audio.signals import frequency_of, heard, rms, tone

SECONDS = 0.6
CONTAINERS = {
    "3gp": "aac", "3g2": "aac", "ac3": "ac3", "adts": "aac", "aiff": "pcm_s16be", "asf": "wmav2", "au": "pcm_mulaw",
    "avi": "mp3", "caf": "alac", "eac3": "eac3", "f4v": "aac", "flac": "flac", "flv": "aac", "ipod": "alac",
    "ircam": "pcm_s16le", "ismv": "aac", "latm": "aac", "matroska": "vorbis", "mov": "pcm_s24be", "mp2": "mp2",
    "mp3": "mp3", "mp4": "aac", "mpeg": "mp2", "mpegts": "aac", "nut": "pcm_s16le", "ogg": "libopus", "rm": "ac3",
    "sox": "pcm_s32le", "tta": "tta", "voc": "pcm_s16le", "w64": "pcm_s16le", "wav": "pcm_s16le", "webm": "libopus",
    "wtv": "mp2", "wv": "wavpack",
}  # fmt: skip
"""Container -> a codec that it must be tried with."""


def encoders() -> list[str]:
    names = []
    for name in sorted(av.codecs_available):
        try:
            codec = Codec(name, "w")
        except ValueError:
            continue
        if codec.type == "audio":
            names.append(name)
    return names


def rate_for(codec: str) -> int:
    if codec in ("libopencore_amrnb", "real_144", "nellymoser"):
        return 8_000
    rates = Codec(codec, "w").audio_rates or [44_100]
    return next((rate for rate in (44_100, 48_000, 16_000) if rate in rates), rates[0])


def file(container: str, codec: str) -> bytes | None:
    """None where it cannot be written."""
    rate = rate_for(codec)
    for layout, count in (("mono", 1), ("stereo", 2)):
        samples = np.tile(tone(SECONDS, rate), (count, 1))
        try:
            return written(container, [Track(samples, rate, codec, layout)])
        except (av.FFmpegError, ValueError):
            continue
    return None


def plainly_readable(data: bytes) -> bool:
    """True if ffmpeg makes of it what was written: some writers take codecs that they cannot write."""
    try:
        samples, rate = heard(data)
    except (av.FFmpegError, IndexError, ValueError):
        return False
    return abs(samples.shape[1] / rate - SECONDS) < 0.13 and abs(frequency_of(samples[0], rate) - 440) < 6


@pytest.mark.parametrize("container", CONTAINERS)
def test_all_that_can_be_written_is_read(container: str) -> None:
    read = set()
    for codec in encoders():
        data = file(container, codec)
        if not data or not plainly_readable(data):
            continue
        decoder = Decoder(io.BytesIO(data), max_seconds=10)
        samples = np.concatenate(list(decoder))
        assert len(samples) / 16_000 == pytest.approx(SECONDS, abs=0.13), codec
        assert frequency_of(samples, 16_000) == pytest.approx(440, abs=6), codec
        assert 0.12 < rms(samples) < 0.5, codec
        read.add(codec)
    assert CONTAINERS[container] in read
