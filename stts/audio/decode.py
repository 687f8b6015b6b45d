"""Decodes uploads of any container, block by block, whatever their name claims and however damaged they are.

An upload is a stranger's: only demuxers that read one self-contained file are allowed, and any attempt of one to open
something else (a playlist naming a file or URL of this server) is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer

from stts.audio.filters import SILENCE, bounded
from stts.audio.loss import SILENT_READERS, GapFinder, is_cut_off
from stts.audio.source import Source
from stts.engine_api import STT_SAMPLE_RATE, Samples
from stts.errors import AudioTooLong, UndecodableAudio

BLOCK_SECONDS = 0.5
MAX_DAMAGED = 500
"""Damaged packets after which the rest of a file is given up."""
LOWEST_RATE = 1_000
"""Hz. No recording is slower; a header that says so makes hours of samples out of a few bytes."""

_DEMUXERS = (
    "3gp,aac,ac3,aiff,amr,ape,asf,au,avi,caf,eac3,flac,flv,matroska,mov,mp3,mpeg,mpegts,ogg,tta,voc,w64,wav,webm,wv"
)
_OPTIONS = {"format_whitelist": _DEMUXERS, "protocol_whitelist": "none"}
_LIVE_OPTIONS = {"formatprobesize": "8192", "analyzeduration": "200000"}
"""For what is still being recorded: its first moments say what it is, or that it is nothing."""
_UNDECODABLE = "The file holds no audio that can be decoded"


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a file is, from its content."""

    container: str
    """ffmpeg's names of the container, comma-separated."""
    codec: str
    sample_rate: int
    """Hz."""
    channels: int
    duration: float | None
    """Seconds as the container says; None where it does not say."""


def sniff(file: Source) -> MediaInfo:
    """Looks at the headers only. `file` is seekable and stays open. Raises UndecodableAudio."""
    with _open(file) as container:
        stream = _audio_stream(container)
        seconds = container.duration / av.time_base if container.duration else None
        codec = stream.codec_context
        return MediaInfo(container.format.name, codec.name, codec.sample_rate, codec.channels, seconds)


class Decoder:
    """Iterate once: yields mono blocks of `block_seconds`, the last one shorter.

    Damaged parts are skipped and told in `warnings`. Raises UndecodableAudio where nothing decodes, AudioTooLong as
    soon as more than `max_seconds` were decoded. A `file` that is seekable is read from its start; it stays open.
    """

    def __init__(
        self,
        file: Source,
        *,
        sample_rate: int = STT_SAMPLE_RATE,
        max_seconds: float,
        block_seconds: float = BLOCK_SECONDS,
    ) -> None:
        self.warnings: list[str] = []
        """Complete when the iteration ends."""
        self._file = file
        self._sample_rate = sample_rate
        self._max_seconds = max_seconds
        self._block = round(block_seconds * sample_rate)
        self._samples = 0
        self._damaged = 0

    @property
    def seconds(self) -> float:
        """Audio yielded so far."""
        return self._samples / self._sample_rate

    def __iter__(self) -> Iterator[Samples]:
        with _open(self._file) as container:
            stream = _audio_stream(container)
            expected = _promised_seconds(container, stream)
            for block in self._blocks(self._resampled(container, stream)):
                self._samples += len(block)
                if self.seconds > self._max_seconds:
                    raise AudioTooLong(f"The audio is longer than {self._max_seconds:g} seconds")
                yield block
        self._conclude(expected)

    def _conclude(self, expected: float | None) -> None:
        if self._samples == 0:
            raise UndecodableAudio(_UNDECODABLE)
        if self._damaged > MAX_DAMAGED:
            self.warnings.append(f"The file is damaged: decoding ended after {self.seconds:.1f} seconds")
        elif self._damaged:
            self.warnings.append(f"The file is damaged: {self._damaged} unreadable parts were skipped")
        if expected is not None and self.seconds < 0.98 * expected - 0.5:
            self.warnings.append(f"The file is cut off: {self.seconds:.1f} of {expected:.1f} seconds were decoded")
        elif self._file.seekable() and is_cut_off(self._file):
            self.warnings.append(f"The file is cut off after {self.seconds:.1f} seconds")

    def _blocks(self, parts: Iterator[Samples]) -> Iterator[Samples]:
        """The same samples in blocks of one length."""
        held: list[Samples] = []
        size = 0
        for part in parts:
            held.append(part)
            size += len(part)
            if size >= self._block:
                joined = np.concatenate(held)
                whole = size - size % self._block
                for start in range(0, whole, self._block):
                    yield joined[start : start + self._block]
                held, size = [joined[whole:]], size - whole
        if size:
            yield np.concatenate(held)

    def _resampled(self, container: InputContainer, stream: AudioStream) -> Iterator[Samples]:
        """A file joined of two may change its rate or layout half-way: each setup gets a resampler of its own."""
        resampler: _MonoResampler | None = None
        for frame in self._frames(container, stream):
            setup = (frame.format.name, frame.layout.name, frame.sample_rate)
            if resampler is None or resampler.setup != setup:
                if resampler is not None:
                    yield resampler.resample(None)
                resampler = _MonoResampler(setup, self._sample_rate)
            try:
                samples = resampler.resample(frame)
            except av.FFmpegError:
                # A damaged header may name a rate or a layout that no resampler can be made for.
                self._damaged += 1
                resampler = None
            else:
                yield samples
        if resampler is not None:
            yield resampler.resample(None)

    def _frames(self, container: InputContainer, stream: AudioStream) -> Iterator[av.AudioFrame]:
        for packet in self._packets(container, stream):
            try:
                frames = stream.codec_context.decode(packet)
            except av.FFmpegError:
                self._damaged += 1
            else:
                yield from (frame for frame in frames if frame.samples and frame.sample_rate >= LOWEST_RATE)

    def _packets(self, container: InputContainer, stream: AudioStream) -> Iterator[av.Packet[AudioStream] | None]:
        """Goes on behind what cannot be read; ends with None, which makes the codec give what it still holds."""
        gaps = GapFinder() if container.format.name in SILENT_READERS else None
        while self._damaged <= MAX_DAMAGED:
            try:
                for packet in container.demux(stream):
                    self._damaged += gaps is not None and gaps.precedes(packet)
                    if packet.size:
                        yield packet
                    if self._damaged > MAX_DAMAGED:
                        break
                break
            except av.FFmpegError:
                self._damaged += 1
        yield None


class _MonoResampler:
    def __init__(self, setup: tuple[str, str, int], sample_rate: int) -> None:
        self.setup = setup
        # Channels are averaged; by default floats would be added up beyond full scale.
        self._resampler = av.AudioResampler("flt", "mono", sample_rate, options={"rematrix_maxval": "1.0"})

    def resample(self, frame: av.AudioFrame | None) -> Samples:
        """`None` gives what the resampler still holds."""
        if frame is not None:
            frame.pts = None
        parts = [part.to_ndarray()[0] for part in self._resampler.resample(frame)]
        samples: Samples = np.concatenate(parts) if parts else SILENCE
        # Files of floats may hold anything.
        return bounded(samples, 1.0)


class _Refused(Exception):
    """A demuxer tried to open something beside the upload."""


class _Source:
    """The part of a file that ffmpeg may use: it neither closes it nor learns its name."""

    def __init__(self, file: Source) -> None:
        self.read = file.read
        if file.seekable():
            file.seek(0)
            self.seek = file.seek
            self.tell = file.tell


def _open(file: Source) -> InputContainer:
    try:
        return av.open(
            _Source(file),
            "r",
            container_options=_OPTIONS if file.seekable() else _OPTIONS | _LIVE_OPTIONS,
            io_open=_refuse,
            metadata_errors="replace",
        )
    except (av.FFmpegError, _Refused, ValueError) as error:
        raise UndecodableAudio(_UNDECODABLE) from error


def _refuse(*_: object) -> NoReturn:
    raise _Refused


def _audio_stream(container: InputContainer) -> AudioStream:
    for stream in container.streams.audio:
        if stream.codec_context is not None:
            # Frames decoded ahead in threads would outlive an error in one of them.
            stream.codec_context.thread_count = 1
            if stream.codec_context.name == "flac":
                # Else a frame passes together with all the rubbish that follows it.
                stream.codec_context.options = {"err_detect": "crccheck+explode"}
            return stream
    raise UndecodableAudio(_UNDECODABLE)


_EXACT_DURATION = ("mov", "flac", "aiff", "caf")


def _promised_seconds(container: InputContainer, stream: AudioStream) -> float | None:
    """The length a header states; other containers only estimate one from the size of the file."""
    exact = any(name in _EXACT_DURATION for name in container.format.name.split(","))
    if not exact or not stream.duration or stream.time_base is None:
        return None
    return float(stream.duration * stream.time_base)
