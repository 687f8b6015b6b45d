"""Opens uploads of any container, whatever their name claims, and chooses the track to be heard.

An upload is a stranger's: only demuxers that read one self-contained file are allowed, and any attempt of one to open
something else (a playlist naming a file or URL of this server) is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from stts.audio.causes import HEAD_BYTES, NO_DECODER, NO_INDEX, NO_SAMPLES, NO_TRACK, UNKNOWN, cause, is_movie
from stts.audio.ffmpeg import av
from stts.audio.source import Source
from stts.errors import UndecodableAudio

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer

LOOK_SECONDS = 60.0
"""Seconds of each track in which sound is looked for, where a file has several tracks."""
MOST_TRACKS = 16
"""Most tracks of a file that are considered."""
SOUND = 0.001
"""Peak (-60 dBFS) from which a track has sound."""

_DEMUXERS = (
    "3gp,aac,ac3,aiff,amr,ape,asf,au,avi,caf,dsf,dss,dts,eac3,flac,flv,ircam,loas,matroska,mov,mp3,mpc,mpc8,mpeg,mpegts,"
    "nistsphere,nut,ogg,qcp,rm,shn,sox,tak,tta,voc,w64,wav,webm,wtv,wv"
)
_OPTIONS = {"format_whitelist": _DEMUXERS, "protocol_whitelist": "none"}
_LIVE_OPTIONS = {"formatprobesize": "8192", "analyzeduration": "200000"}
"""ffmpeg options for live streams: probe the first moments only."""


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """Container, codec and length of a media file, read from its content."""

    container: str
    """ffmpeg's names of the container, comma-separated."""
    codec: str
    sample_rate: int
    """Hz."""
    channels: int
    duration: float | None
    """Seconds, as the container states; None where it does not."""


def sniff(file: Source) -> MediaInfo:
    """Reads the headers only. `file` is seekable and stays open. Raises UndecodableAudio."""
    upload = Upload(file)
    with upload.open() as container:
        stream = upload.tracks(container)[0]
        seconds = container.duration / av.time_base if container.duration else None
        codec = stream.codec_context
        return MediaInfo(container.format.name, codec.name, codec.sample_rate, codec.channels, seconds)


class Upload:
    """An uploaded file that may be opened (probed, decoded) several times; it is never closed here."""

    def __init__(self, file: Source) -> None:
        self._file = file
        self._source = _Source(file)
        self.warning: str | None = None
        """Names the chosen track where the file has several."""

    def open(self) -> InputContainer:
        """Opens the container at its start. Raises UndecodableAudio, whose message says why."""
        self._source.rewind()
        try:
            return av.open(
                self._source,
                "r",
                container_options=_OPTIONS if self._file.seekable() else _OPTIONS | _LIVE_OPTIONS,
                io_open=_refuse,
                metadata_errors="replace",
            )
        except (av.FFmpegError, _Refused, ValueError) as error:
            default = NO_INDEX if is_movie(self._source.head) else UNKNOWN
            raise self.undecodable(default) from error

    def undecodable(self, default: str) -> UndecodableAudio:
        """The error that names the kind of file this is; `default` where its first bytes do not tell."""
        return UndecodableAudio(cause(self._source.head, default))

    def tracks(self, container: InputContainer) -> list[AudioStream]:
        """Decodable audio tracks: the file's defaults, then the others. Raises UndecodableAudio for none."""
        streams = container.streams.audio
        found = [stream for stream in streams if stream.codec_context is not None][:MOST_TRACKS]
        if found:
            return sorted(found, key=lambda stream: not stream.disposition & av.stream.Disposition.default)
        if streams:
            raise UndecodableAudio(NO_DECODER)
        raise self.undecodable(NO_TRACK if container.streams.video else NO_SAMPLES)

    @contextmanager
    def track(self) -> Iterator[tuple[InputContainer, AudioStream]]:
        """The track to be heard, ready to be decoded: the default one, else the first with sound.

        `warning` tells which. A pipe cannot be looked into: of its tracks the first default one is taken. Raises
        UndecodableAudio.
        """
        container = self.open()
        try:
            index = self.tracks(container)[0].index
            if len(container.streams.audio) > 1 and self._file.seekable():
                order = [stream.index for stream in self.tracks(container)]
                numbers = [stream.index for stream in container.streams.audio]
                # Two readers of one file would disturb each other.
                container.close()
                index = self._choose(order, numbers)
                container = self.open()
            yield container, _prepared(container, index)
        finally:
            container.close()

    def _choose(self, order: Sequence[int], numbers: Sequence[int]) -> int:
        chosen = next((index for index in order if self._sounds(index)), order[0])
        reason = "the first with sound" if chosen != order[0] else "its default or first"
        self.warning = (
            f"The file has {len(numbers)} audio tracks: number {numbers.index(chosen) + 1} was listened to, {reason}"
        )
        return chosen

    def _sounds(self, index: int) -> bool:
        """True if the track has sound within its first `LOOK_SECONDS`."""
        seconds = 0.0
        floats = av.AudioResampler("fltp")
        with self.open() as container:
            try:
                for frame in container.decode(_prepared(container, index)):
                    if any(np.abs(part.to_ndarray()).max(initial=0.0) > SOUND for part in floats.resample(frame)):
                        return True
                    seconds += frame.samples / max(1, frame.sample_rate)
                    if seconds > LOOK_SECONDS:
                        break
            except (av.FFmpegError, ValueError):
                # Damaged, or another rate from here on: what has no sound until there has none.
                return False
        return False


def _prepared(container: InputContainer, index: int) -> AudioStream:
    """Prepares a track for decoding."""
    stream = container.streams[index]
    assert isinstance(stream, av.audio.stream.AudioStream)
    # Frames decoded ahead in threads would outlive an error in one of them.
    stream.codec_context.thread_count = 1
    if stream.codec_context.name == "flac":
        # Else a frame passes together with all the rubbish that follows it.
        stream.codec_context.options = {"err_detect": "crccheck+explode"}
    return stream


class _Refused(Exception):
    """A demuxer tried to open something beside the upload."""


class _Source:
    """The part of a file that ffmpeg may use: it neither closes it nor learns its name."""

    def __init__(self, file: Source) -> None:
        self._file = file
        self.head = b""
        """The first bytes, as far as they were read."""
        if file.seekable():
            self.seek = file.seek
            self.tell = file.tell

    def rewind(self) -> None:
        if self._file.seekable():
            self._file.seek(0)
            self.head = self._file.read(HEAD_BYTES)
            self._file.seek(0)

    def read(self, size: int = -1, /) -> bytes:
        data = self._file.read(size)
        if len(self.head) < HEAD_BYTES and not self._file.seekable():
            self.head += data[: HEAD_BYTES - len(self.head)]
        return data


def _refuse(*_: object) -> NoReturn:
    raise _Refused
