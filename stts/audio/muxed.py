"""Encoded audio in containers, through PyAV: MP3, Opus, AAC and FLAC.

The sink cannot seek and is drained at every call, so a muxer never goes back to patch what a listener has already
heard. What it would have patched comes at the end, as a header for a kept file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from stts.audio.ffmpeg import av
from stts.audio.lengths import FLAC_HEADER_BYTES, MP3Info, flac_header
from stts.audio.wav import to_int16
from stts.engine_api import Samples
from stts.speech import AudioFormat

if TYPE_CHECKING:
    from av.audio.codeccontext import AudioCodecContext
    from av.audio.stream import AudioStream


@dataclass(frozen=True, slots=True)
class _Recipe:
    container: str
    codec: str
    sample_format: str
    container_options: dict[str, str] = field(default_factory=dict)
    codec_options: dict[str, str] = field(default_factory=dict)
    holds_packet: bool = False
    """True if the muxer keeps a packet until it has the next one."""


RECIPES: dict[AudioFormat, _Recipe] = {
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


class MuxedWriter:
    """Encodes and muxes through PyAV. Raises what ffmpeg raises for a rate that a codec does not take."""

    def __init__(self, format: AudioFormat, sample_rate: int, channels: int, bit_rate: int | None = None) -> None:
        """`bit_rate`: bits a second where the codec has them; None: as many as speech needs."""
        self.samples_out = 0
        self._bit_rate = bit_rate
        self._recipe = RECIPES[format]
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
            codec.bit_rate = self._bit_rate or _bit_rate(format, self._sample_rate)
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
        values = to_int16(samples) if self._recipe.sample_format == "s16" else samples
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
