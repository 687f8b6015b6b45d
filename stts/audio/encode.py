"""Streaming encoders: samples in, the bytes of one valid file out, as early as the codec releases them.

WAV and PCM are written by hand, the others through PyAV (`muxed.py`).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from stts.audio import wav
from stts.audio.filters import bounded
from stts.audio.formats import check_bit_rate, resolve_sample_rate
from stts.audio.muxed import RECIPES, MuxedWriter
from stts.engine_api import Samples
from stts.speech import AudioFormat

SHORTEST_SECONDS = 0.02
"""Silence that stands for an answer without a sample: without a frame most formats are no file at all."""


class Encoder:
    """Encodes one stream. Make one per answer; it is used from one thread at a time."""

    def __init__(self, format: AudioFormat, sample_rate: int, channels: int = 1, bit_rate: int | None = None) -> None:
        """Everything costly happens here, before the first samples. `bit_rate` as in SynthesisConfig.

        Raises UnsupportedFormat.
        """
        resolve_sample_rate(format, sample_rate, sample_rate)
        if bit_rate is not None:
            check_bit_rate(format, sample_rate, bit_rate)
        self._sample_rate = sample_rate
        self._samples_in = 0
        self._finished = False
        self._writer: _Writer
        if format in RECIPES:
            self._writer = MuxedWriter(format, sample_rate, channels, bit_rate)
        else:
            self._writer = _PCMWriter(sample_rate, channels, header=format == "wav")

    @property
    def seconds(self) -> float:
        """Seconds of audio inside the bytes returned so far; after `finish()`, all that went in."""
        samples = self._samples_in if self._finished else min(self._writer.samples_out, self._samples_in)
        return samples / self._sample_rate

    @property
    def taken_seconds(self) -> float:
        """Seconds of audio that went in, also of what the codec still holds."""
        return self._samples_in / self._sample_rate

    def encode(self, samples: Samples) -> bytes:
        """Encodes mono float32 samples, any number of them. The first bytes returned begin with the header."""
        self._samples_in += len(samples)
        # LAME ends the whole process where samples are not numbers, or far too loud.
        return self._writer.write(bounded(samples, 1.0))

    def finish(self) -> bytes:
        """Flushes to the last frame. The encoder cannot be used after that."""
        data = b""
        if self._samples_in == 0:
            data = self.encode(np.zeros(round(SHORTEST_SECONDS * self._sample_rate), np.float32))
        self._finished = True
        return data + self._writer.close()

    def header(self) -> bytes:
        """Returns, after `finish()`, the header with the final length, which overwrites the first bytes of a kept file.

        Empty where the first header is right already, or the format has no place for a length.
        """
        return self._writer.header(self._samples_in)


def encoded(samples: Samples, format: AudioFormat, sample_rate: int) -> bytes:
    """All of a mono recording as one file, its length in the header. Blocking. Raises UnsupportedFormat."""
    encoder = Encoder(format, sample_rate)
    data = encoder.encode(samples) + encoder.finish()
    header = encoder.header()
    return header + data[len(header) :]


class _Writer(Protocol):
    samples_out: int

    def write(self, samples: Samples) -> bytes: ...

    def close(self) -> bytes: ...

    def header(self, samples: int) -> bytes: ...


class _PCMWriter:
    def __init__(self, sample_rate: int, channels: int, *, header: bool) -> None:
        self.samples_out = 0
        self._sample_rate = sample_rate
        self._channels = channels
        self._has_header = header
        self._header = wav.streaming_header(sample_rate, channels) if header else b""

    def write(self, samples: Samples) -> bytes:
        self.samples_out += len(samples)
        values = wav.to_int16(samples)
        return self._take_header() + (np.repeat(values, self._channels) if self._channels > 1 else values).tobytes()

    def close(self) -> bytes:
        return self._take_header()

    def header(self, samples: int) -> bytes:
        if not self._has_header:
            return b""
        return wav.sized_header(self._sample_rate, self._channels, samples * self._channels * wav.SAMPLE_BYTES)

    def _take_header(self) -> bytes:
        header, self._header = self._header, b""
        return header
