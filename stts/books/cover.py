"""Covers: JPEG and PNG are kept as they are; other pictures become JPEG, for players show no others."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import TYPE_CHECKING, NoReturn

from stts.audio.ffmpeg import av
from stts.books.book import Cover, CoverType

if TYPE_CHECKING:
    from av.container import InputContainer

MOST_BYTES = 8 * 2**20
MOST_PIXELS = 40_000_000
"""Pixels of a picture that is decoded."""
LONGEST_SIDE = 2_400
"""Pixels of a picture that is made anew; that of shops."""
_KEPT: dict[str, CoverType] = {"mjpeg": "image/jpeg", "png": "image/png"}
_DEMUXERS = "image2,jpeg_pipe,png_pipe,gif,gif_pipe,webp_pipe,bmp_pipe,tiff_pipe"
_OPTIONS = {"format_whitelist": _DEMUXERS, "protocol_whitelist": "none"}


class NoCover(Exception):
    """The picture can be no cover; the message says why."""


def prepared(data: bytes) -> Cover:
    """A picture of any common kind as a cover. Raises NoCover."""
    if len(data) > MOST_BYTES:
        raise NoCover(f"its picture has more than {MOST_BYTES >> 20} MB")
    try:
        with av.open(io.BytesIO(data), "r", container_options=_OPTIONS, io_open=_refuse) as container:
            return _cover(data, container)
    except (av.FFmpegError, _Refused, ValueError, IndexError) as error:
        raise NoCover(
            "its picture is damaged, or of a kind that is not read (JPEG, PNG, GIF, WebP, BMP are)"
        ) from error


def _cover(data: bytes, container: InputContainer) -> Cover:
    stream = container.streams.video[0]
    width, height = stream.codec_context.width, stream.codec_context.height
    if not 0 < width * height <= MOST_PIXELS:
        raise NoCover(f"its picture has {width} x {height} pixels")
    stream.codec_context.thread_count = 1
    frame = next(container.decode(stream), None)
    if frame is None:
        raise NoCover("its picture is empty")
    if (kind := _KEPT.get(stream.codec_context.name)) is not None:
        return Cover(data, kind, width, height)
    return _as_jpeg(frame)


def _as_jpeg(frame: av.VideoFrame) -> Cover:
    scale = min(1.0, LONGEST_SIDE / max(frame.width, frame.height))
    width, height = (max(2, round(side * scale)) for side in (frame.width, frame.height))
    codec = av.CodecContext.create("mjpeg", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "yuvj420p"
    codec.time_base = Fraction(1, 1)
    picture = frame.reformat(width, height, "yuvj420p", dst_color_range="JPEG")
    picture.pts = 0
    packets = [*codec.encode(picture), *codec.encode(None)]
    return Cover(b"".join(map(bytes, packets)), "image/jpeg", width, height)


class _Refused(Exception):
    """The picture names another file."""


def _refuse(*_: object) -> NoReturn:
    raise _Refused
