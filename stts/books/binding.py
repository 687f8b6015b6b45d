"""Binds spoken parts into one audiobook: M4B (AAC) or MP3 with chapters, cover and tags, block by block.

Blocking: for a worker thread. What grows with the length is the muxer's index of an M4B alone: 72 bytes for each AAC
frame, 49 MB for 8 hours at `BOOK_RATE`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

import numpy as np

from stts.audio.decode import Decoder
from stts.audio.ffmpeg import av
from stts.audio.source import BlockSource, Source
from stts.audio.wav import sized_header
from stts.books.book import BookInfo, Cover
from stts.books.parts import DamagedPart, Mark, Part, RawAudio, marks
from stts.engine_api import Samples
from stts.errors import STTSError

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.stream import Stream

BookFormat = Literal["m4b", "mp3"]

BOOK_RATE = 24_000
"""Hz: the rate of most voices. Audiobooks are sold at 22,050."""
BLOCK_SECONDS = 0.5
RAW_BYTES = 2**16
MISSING_SECONDS = 0.25
"""Silence with which a part is filled at most; what is shorter still is cut off."""
SPARE_SECONDS = 1.0
"""Padding of a codec behind a part that is cut away at most."""
_MILLISECOND = Fraction(1, 1000)
_COVER_CODECS = {"image/jpeg": "mjpeg", "image/png": "png"}
_FRONT = "Cover (front)"
"""ID3's name of a picture's kind."""


@dataclass(frozen=True, slots=True)
class _Recipe:
    container: str
    container_options: dict[str, str]
    codec: str
    codec_options: dict[str, str]
    bit_rate: int
    """Bits a second at `BOOK_RATE`, mono."""


RECIPES: dict[BookFormat, _Recipe] = {
    # The muxer `ipod`, which is meant for M4B, takes no pictures; the brand is all that it has of its own. The index
    # stands in front, so that a player begins while the rest is fetched.
    "m4b": _Recipe("mp4", {"brand": "M4B ", "movflags": "+faststart"}, "aac", {"aac_coder": "fast"}, 64_000),
    # Version 3 of ID3 is what all players read.
    "mp3": _Recipe("mp3", {"id3v2_version": "3"}, "libmp3lame", {"compression_level": "7"}, 64_000),
}


def bind(
    parts: Sequence[Part],
    titles: Sequence[str],
    info: BookInfo,
    format: BookFormat,
    target: Path,
    checkpoint: Callable[[], None] = lambda: None,
    tell: Callable[[float], None] = lambda part: None,
) -> None:
    """Makes the audiobook in the file `target`, which is removed again if that fails.

    `titles` are those of the chapters by number. `checkpoint` is called every half a second of audio and may raise,
    which ends the work; `tell` is told how much of it is done, 0 to 1. Raises DamagedPart, ValueError for no parts,
    and OSError for a full disk.
    """
    if not parts:
        raise ValueError("A book needs at least one part")
    recipe = RECIPES[format]
    try:
        with av.open(str(target), "w", format=recipe.container, options=recipe.container_options) as container:
            _write(container, recipe, parts, _Labels(info, marks(parts, titles)), checkpoint, tell)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


@dataclass(frozen=True, slots=True)
class _Labels:
    info: BookInfo
    marks: Sequence[Mark]

    @property
    def tags(self) -> dict[str, str]:
        info = self.info
        tags = {"title": info.title, "album": info.title, "genre": "Audiobook", "artist": info.author or ""}
        return {name: value for name, value in (tags | {"album_artist": info.author or ""}).items() if value}

    @property
    def chapters(self) -> list[dict[str, object]]:
        return [
            {
                "id": number,
                "start": mark.start,
                "end": mark.end,
                "time_base": _MILLISECOND,
                "metadata": {"title": mark.title},
            }
            for number, mark in enumerate(self.marks)
        ]


def _write(
    container: OutputContainer,
    recipe: _Recipe,
    parts: Sequence[Part],
    labels: _Labels,
    checkpoint: Callable[[], None],
    tell: Callable[[float], None],
) -> None:
    container.metadata.update(labels.tags)
    container.set_chapters(labels.chapters)  # type: ignore[arg-type]
    sound = _sound(container, recipe, labels.info.language)
    picture = _picture(container, labels.info.cover) if labels.info.cover else None
    container.start_encoding()
    if picture is not None and labels.info.cover is not None:
        container.mux(_picture_packet(picture, labels.info.cover))
    at, all_of_it = 0, max(1.0, sum(part.seconds + part.pause for part in parts) * BOOK_RATE)
    for samples in _joined(parts):
        checkpoint()
        tell(min(1.0, at / all_of_it))
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = BOOK_RATE, at, Fraction(1, BOOK_RATE)
        at += len(samples)
        container.mux(sound.encode(frame))
    container.mux(sound.encode(None))


def _sound(container: OutputContainer, recipe: _Recipe, language: str | None) -> AudioStream:
    stream = container.add_stream(recipe.codec, rate=BOOK_RATE, options=recipe.codec_options)
    assert isinstance(stream, av.audio.stream.AudioStream)
    codec = stream.codec_context
    codec.layout, codec.format, codec.bit_rate = "mono", "fltp", recipe.bit_rate
    if language is not None:
        stream.metadata["language"] = language
    return stream


def _picture(container: OutputContainer, cover: Cover) -> Stream:
    stream = container.add_mux_stream(_COVER_CODECS[cover.media_type], width=cover.width, height=cover.height)
    stream.disposition = av.stream.Disposition.attached_pic
    stream.time_base = _MILLISECOND
    stream.metadata["comment"] = _FRONT
    return stream


def _picture_packet(stream: Stream, cover: Cover) -> av.Packet[Stream]:
    packet = av.Packet(cover.data)
    packet.stream, packet.time_base = stream, _MILLISECOND
    packet.pts = packet.dts = 0
    packet.is_keyframe = True
    return packet


def _joined(parts: Sequence[Part]) -> Iterator[Samples]:
    """All samples of the book, block by block. Lengths are rounded over all parts, so that they never drift."""
    end = 0.0
    written = 0
    for number, part in enumerate(parts):
        end += part.seconds
        wanted = round(end * BOOK_RATE) - written
        yield from _exactly(number, part, wanted)
        end += part.pause
        written += wanted
        silence = round(end * BOOK_RATE) - written
        yield from _silence(silence)
        written += silence


def _exactly(number: int, part: Part, wanted: int) -> Iterator[Samples]:
    """The audio of a part, cut or filled to so many samples. Raises DamagedPart."""
    left = wanted
    for samples in _decoded(number, part):
        yield samples[:left]
        left -= min(left, len(samples))
        if not left:
            return
    if left > MISSING_SECONDS * BOOK_RATE:
        raise DamagedPart(number, f"{left / BOOK_RATE:.2f} of its {part.seconds:.2f} seconds are missing")
    yield from _silence(left)


def _decoded(number: int, part: Part) -> Iterator[Samples]:
    try:
        with part.audio.open("rb") as file:
            source = file if part.raw is None else _with_header(file, part.raw)
            yield from Decoder(
                source, sample_rate=BOOK_RATE, max_seconds=part.seconds + SPARE_SECONDS, block_seconds=BLOCK_SECONDS
            )
    except FileNotFoundError:
        raise DamagedPart(number, "its file is missing") from None
    except STTSError as error:
        raise DamagedPart(number, error.message) from error


def _with_header(file: BinaryIO, raw: RawAudio) -> Source:
    """Samples behind the header that they came without."""
    header = sized_header(raw.sample_rate, raw.channels, file.seek(0, os.SEEK_END))
    file.seek(0)
    return BlockSource(chain((header,), iter(partial(file.read, RAW_BYTES), b"")))


def _silence(samples: int) -> Iterator[Samples]:
    block = round(BLOCK_SECONDS * BOOK_RATE)
    for start in range(0, samples, block):
        yield np.zeros(min(block, samples - start), np.float32)
