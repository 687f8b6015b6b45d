"""Decodes uploads of any container, block by block, however damaged they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stts.audio.causes import DAMAGED, NO_SAMPLES
from stts.audio.container import Upload
from stts.audio.downmix import Downmix
from stts.audio.ffmpeg import av
from stts.audio.filters import SILENCE, bounded
from stts.audio.loss import SILENT_READERS, GapFinder, is_cut_off
from stts.audio.plain_wav import plain_blocks
from stts.audio.source import Source
from stts.engine_api import STT_SAMPLE_RATE, Samples
from stts.errors import AudioTooLong

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer

BLOCK_SECONDS = 0.5
MAX_DAMAGED = 500
"""Damaged packets after which the rest of a file is given up."""
LOWEST_RATE = 1_000
"""Hz. No recording is slower; a header that says so makes hours of samples out of a few bytes."""
SHORTEST_DELAY = 0.1
"""Seconds. Shorter delays come from the codec itself and are ignored."""
LONGEST_DELAY = 3600.0
"""Seconds. A longer delay means damaged timestamps."""
MIX_SECONDS = 0.1
"""Seconds of audio mixed down to one channel in one step."""
MOST_CHANNELS = 8
"""Most channels that are weighed one by one; with more, all are averaged."""


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
        channel: int | None = None,
    ) -> None:
        """`channel`: yields this one by itself; None: all of them, mixed to one."""
        self.warnings: list[str] = []
        """Complete when the iteration ends."""
        self._file = file
        self._sample_rate = sample_rate
        self._max_seconds = max_seconds
        self._block = round(block_seconds * sample_rate)
        self._channel = channel
        self._samples = 0
        self._damaged = 0

    @property
    def seconds(self) -> float:
        """Audio yielded so far."""
        return self._samples / self._sample_rate

    def __iter__(self) -> Iterator[Samples]:
        plain = plain_blocks(self._file, self._sample_rate, self._block)
        if plain is not None:
            yield from self._counted(plain)
            return
        upload = Upload(self._file)
        with upload.track() as (container, stream):
            expected = _promised_seconds(container, stream)
            late = _late_seconds(container, stream)
            yield from self._counted(self._blocks(self._delayed(self._resampled(container, stream), late)))
        if self._samples == 0:
            raise upload.undecodable(DAMAGED if self._damaged else NO_SAMPLES)
        if upload.warning is not None:
            self.warnings.append(upload.warning)
        self._conclude(expected)

    def _counted(self, blocks: Iterator[Samples]) -> Iterator[Samples]:
        for block in blocks:
            self._samples += len(block)
            if self.seconds > self._max_seconds:
                raise AudioTooLong(f"The audio is longer than {self._max_seconds:g} seconds")
            yield block

    def _conclude(self, expected: float | None) -> None:
        if self._damaged > MAX_DAMAGED:
            self.warnings.append(f"The file is damaged: decoding ended after {self.seconds:.1f} seconds")
        elif self._damaged:
            self.warnings.append(f"The file is damaged: {self._damaged} unreadable parts were skipped")
        if expected is not None and self.seconds < 0.98 * expected - 0.5:
            self.warnings.append(f"The file is cut off: {self.seconds:.1f} of {expected:.1f} seconds were decoded")
        elif self._file.seekable() and is_cut_off(self._file):
            self.warnings.append(f"The file is cut off after {self.seconds:.1f} seconds")

    def _delayed(self, parts: Iterator[Samples], seconds: float) -> Iterator[Samples]:
        """Yields silence of `seconds`, then the parts; yields nothing where there are no parts."""
        left = round(seconds * self._sample_rate)
        for part in parts:
            while left > 0 and len(part):
                yield np.zeros(min(left, self._block), np.float32)
                left -= self._block
            yield part

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
        setup: _Setup | None = None
        for frame in self._frames(container, stream):
            try:
                if setup is None or setup.key != _key(frame):
                    if setup is not None:
                        yield setup.push(None)
                    block = min(self._block, round(MIX_SECONDS * self._sample_rate))
                    setup = _Setup(frame, self._sample_rate, block, self._channel)
                samples = setup.push(frame)
            except av.FFmpegError:
                # A damaged header may name a rate or a layout that no resampler can be made for.
                self._damaged += 1
                setup = None
            else:
                yield samples
        if setup is not None:
            yield setup.push(None)

    def _frames(self, container: InputContainer, stream: AudioStream) -> Iterator[av.AudioFrame]:
        for packet in self._packets(container, stream):
            try:
                frames = stream.codec_context.decode(packet)
            except av.FFmpegError:
                self._damaged += 1
            else:
                yield from (frame for frame in frames if frame.samples and frame.sample_rate >= LOWEST_RATE)

    def _packets(self, container: InputContainer, stream: AudioStream) -> Iterator[av.Packet[AudioStream] | None]:
        """Skips unreadable packets; ends with None, which flushes the codec."""
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


class _Setup:
    """Frames of one rate and layout on their way to mono at another rate."""

    def __init__(self, frame: av.AudioFrame, sample_rate: int, block: int, channel: int | None = None) -> None:
        self._channel = channel
        self.key = _key(frame)
        self._block = block
        """Samples that are mixed at once."""
        names = [channel.name for channel in frame.layout.channels]
        self._downmix = Downmix(names, sample_rate) if len(names) <= MOST_CHANNELS else None
        # What is mixed here is averaged; by default floats would be added up beyond full scale.
        options = {} if self._downmix else {"rematrix_maxval": "1.0"}
        layout = frame.layout.name if self._downmix else "mono"
        self._resampler = av.AudioResampler("fltp", layout, sample_rate, options=options)
        self._held: list[NDArray[np.float32]] = []
        self._size = 0

    def push(self, frame: av.AudioFrame | None) -> Samples:
        """Resamples one frame; `None` flushes what is still held."""
        if frame is not None:
            frame.pts = None
        for part in self._resampler.resample(frame):
            samples = part.to_ndarray()
            self._held.append(samples.astype(np.float32, copy=False))
            self._size += samples.shape[1]
        if self._size < (self._block if frame is not None else 1):
            return SILENCE
        # Files of floats may hold anything.
        block = bounded(np.concatenate(self._held, axis=1), 1.0)
        self._held, self._size = [], 0
        if self._channel is not None and self._downmix:
            # A part of a file that has fewer channels has nothing on the others.
            return block[self._channel] if self._channel < len(block) else np.zeros(block.shape[1], np.float32)
        return self._downmix.mix(block) if self._downmix else block[0]


def _key(frame: av.AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


def _late_seconds(container: InputContainer, stream: AudioStream) -> float:
    """Seconds by which the sound starts later than its file: subtitle times count from the first picture."""
    if stream.start_time is None or stream.time_base is None or container.start_time is None:
        return 0.0
    late = float(stream.start_time * stream.time_base) - container.start_time / av.time_base
    return late if SHORTEST_DELAY < late < LONGEST_DELAY else 0.0


_EXACT_DURATION = ("mov", "flac", "aiff", "caf")


def _promised_seconds(container: InputContainer, stream: AudioStream) -> float | None:
    """The length a header states; other containers only estimate one from the size of the file."""
    exact = any(name in _EXACT_DURATION for name in container.format.name.split(","))
    if not exact or not stream.duration or stream.time_base is None:
        return None
    return float(stream.duration * stream.time_base)
