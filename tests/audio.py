"""Audio for tests, made here, and what came back, measured."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np

from stts.audio import g711
from stts.audio.encode import Encoder
from stts.audio.pcm import PCMFormat
from stts.audio.resample import Resampler
from stts.audio.wav import HEADER_BYTES, sized_header
from stts.engine_api import Samples
from stts.speech import AudioFormat


def tone(seconds: float, rate: int = 16_000, frequency: float = 220.0) -> Samples:
    return (0.5 * np.sin(2 * np.pi * frequency * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def encoded(samples: Samples, format: AudioFormat = "wav", rate: int = 16_000) -> bytes:
    encoder = Encoder(format, rate, 1)
    data = encoder.encode(samples) + encoder.finish()
    if format == "wav":
        return sized_header(rate, 1, len(data) - HEADER_BYTES) + data[HEADER_BYTES:]
    return data


def decoded(data: bytes) -> tuple[Samples, int]:
    """Mono samples and their rate in Hz."""
    with av.open(io.BytesIO(data), "r") as container:
        rate = container.streams.audio[0].rate
        resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]), rate


def raw_pcm(samples: Samples, rate: int, rate_out: int, format: PCMFormat = "pcm_s16le") -> bytes:
    """Mono samples as a live client sends them: `format` is pcm_s16le, pcmu or pcma."""
    resampler = Resampler(rate, rate_out)
    samples = np.concatenate([resampler.push(samples), resampler.finish()])
    integers = np.clip(np.rint(samples * 32_768), -32_768, 32_767).astype("<i2")
    if format == "pcmu" or format == "pcma":
        return g711.encode(format, integers)
    return integers.tobytes()


def speech(name: str = "kitchen.flac") -> bytes:
    """A recording of tests/data."""
    return (Path(__file__).parent / "data" / name).read_bytes()
