"""Streaming encoders: samples in, the bytes of one valid file out, as early as the codec releases them.

WAV and PCM are written by hand. The others go through PyAV into a sink that cannot seek and is drained at every call,
so a muxer never goes back to patch what a listener has already heard. What it would have patched is told at the end.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from stts.audio import wav
from stts.audio.ffmpeg import av
from stts.audio.filters import bounded
from stts.audio.formats import resolve_sample_rate
from stts.audio.lengths import FLAC_HEADER_BYTES, MP3Info, flac_header
from stts.engine_api import Samples
from stts.speech import AudioFormat

if TYPE_CHECKING:
    from av.audio.codeccontext import AudioCodecContext
    from av.audio.stream import AudioStream

SHORTEST_SECONDS = 0.02
"""Silence that stands for an answer without a sample: without a frame most formats are no file at all."""


class Encoder:
    """Encodes one stream. Make one per answer; it is used from one thread at a time."""

    def __init__(self, format: AudioFormat, sample_rate: int, channels: int = 1) -> None:
        """Everything costly happens here, before the first samples. Raises UnsupportedFormat."""
        resolve_sample_rate(format, sample_rate, sample_rate)
        self._sample_rate = sample_rate
        self._samples_in = 0
        self._finished = False
        self._writer: _Writer
        if format in _RECIPES:
            self._writer = _MuxedWriter(format, sample_rate, channels)
        else:
            self._writer = _PCMWriter(sample_rate, channels, header=format == "wav")

    @property
    def seconds(self) -> float:
        """Seconds of audio inside the bytes returned so far; after `finish()`, all that went in."""
        samples = self._samples_in if self._finished else min(self._writer.samples_out, self._samples_in)
        return samples / self._sample_rate

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
        values = _to_int16(samples)
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


@dataclass(frozen=True, slots=True)
class _Recipe:
    container: str
    codec: str
    sample_format: str
    container_options: dict[str, str] = field(default_factory=dict)
    codec_options: dict[str, str] = field(default_factory=dict)
    holds_packet: bool = False
    """True if the muxer keeps a packet until it has the next one."""


_RECIPES: dict[AudioFormat, _Recipe] = {
    # Without the bit reservoir every frame decodes by itself, so the first one sent is heard.
    "mp3": _Recipe(
        "mp3",
        "libmp3lame",
        "fltp",
        {"write_xing": "0", "id3v2_version": "0"},
        {"reservoir": "0", "compression_level": "7"},
    ),
    # Ogg's own default page lasts a second; the last page is marked as such, so each waits for its successor.
    "opus": _Recipe("ogg", "libopus", "flt", {"page_duration": "20000"}, {"frame_duration": "20"}, holds_packet=True),
    "aac": _Recipe("adts", "aac", "fltp", codec_options={"aac_coder": "fast"}),
    "flac": _Recipe("flac", "flac", "s16", {"metadata_header_padding": "0"}),
}
_FLAC_FRAMES_PER_SECOND = 50


class _MuxedWriter:
    def __init__(self, format: AudioFormat, sample_rate: int, channels: int) -> None:
        self.samples_out = 0
        self._recipe = _RECIPES[format]
        self._sample_rate = sample_rate
        self._channels = channels
        self._pts = 0
        self._info: MP3Info | None = None
        self._packets = self._packet_bytes = 0
        self._start = b""
        self._sink = _Sink()
        self._container = av.open(
            self._sink,
            "w",
            format=self._recipe.container,
            options={"flush_packets": "1", **self._recipe.container_options},
        )
        self._stream = self._add_stream(format)
        self._container.start_encoding()

    def _add_stream(self, format: AudioFormat) -> AudioStream:
        options = dict(self._recipe.codec_options)
        if format == "flac":
            options["frame_size"] = str(self._sample_rate // _FLAC_FRAMES_PER_SECOND)
        stream = self._container.add_stream(self._recipe.codec, rate=self._sample_rate, options=options)
        assert isinstance(stream, av.audio.stream.AudioStream)
        codec = stream.codec_context
        codec.layout = "stereo" if self._channels == 2 else "mono"
        codec.format = self._recipe.sample_format
        if format != "flac":
            codec.bit_rate = _bit_rate(format, self._sample_rate)
        return stream

    def write(self, samples: Samples) -> bytes:
        if len(samples):
            frame = av.AudioFrame.from_ndarray(
                self._interleave(samples), format=self._recipe.sample_format, layout=self._codec.layout.name
            )
            frame.sample_rate = self._sample_rate
            frame.pts = self._pts
            frame.time_base = Fraction(1, self._sample_rate)
            self._pts += len(samples)
            self._mux(frame)
        return self._take()

    def close(self) -> bytes:
        self._mux(None)
        self._container.close()
        return self._take()

    def header(self, samples: int) -> bytes:
        if self._info is not None:
            return self._info.closed(samples, self._packets, self._packet_bytes)
        return flac_header(self._start, samples) if self._recipe.container == "flac" else b""

    def _take(self) -> bytes:
        data = self._sink.take()
        self._start = self._start or data[:FLAC_HEADER_BYTES]
        return data

    @property
    def _codec(self) -> AudioCodecContext:
        return self._stream.codec_context

    def _mux(self, frame: av.AudioFrame | None) -> None:
        for packet in self._stream.encode(frame):
            end = (packet.pts or 0) + (0 if self._recipe.holds_packet else packet.duration or 0)
            scale = (packet.time_base or Fraction(1, self._sample_rate)) * self._sample_rate
            self.samples_out = max(self.samples_out, int(end * scale))
            if self._recipe.container == "mp3":
                self._count(packet)
            self._container.mux(packet)

    def _count(self, packet: av.Packet[Any]) -> None:
        """Counts packets; for MP3, keeps the delay that the Info frame needs: the negative time of the first packet."""
        if self._info is None:
            self._info = MP3Info(bytes(packet), delay=-(packet.pts or 0))
            self._sink.write(self._info.open())
        self._packets += 1
        self._packet_bytes += packet.size

    def _interleave(self, samples: Samples) -> NDArray[np.float32] | NDArray[np.int16]:
        """Planar formats want one row a channel, packed ones a single row."""
        values = _to_int16(samples) if self._recipe.sample_format == "s16" else samples
        if self._recipe.sample_format.endswith("p"):
            return np.ascontiguousarray(np.broadcast_to(values, (self._channels, len(values))))
        return cast("NDArray[np.float32]", np.repeat(values, self._channels).reshape(1, -1))


class _Sink:
    """Write-only sink of a muxer. It has no `seek`, so bytes already taken cannot be changed."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(data)
        return len(data)

    def take(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data


def _bit_rate(format: AudioFormat, sample_rate: int) -> int:
    """Bits per second that leave nothing to hear in speech, within what each MPEG version allows at that rate."""
    if format == "opus":
        return 64_000
    return min(128_000, max(32_000, 4 * sample_rate))


def _to_int16(samples: Samples) -> NDArray[np.int16]:
    scaled: Samples = samples * np.float32(32_767.0)
    return np.rint(scaled, out=scaled).astype(np.int16)
