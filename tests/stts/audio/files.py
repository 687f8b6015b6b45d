"""Files of any container, made here: tracks of samples in, bytes out."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.codec.codec import Codec
from av.stream import Disposition
from numpy.typing import NDArray

Channels = NDArray[np.float32]
"""(channels, samples)"""


@dataclass(frozen=True)
class Track:
    samples: Channels
    rate: int = 48_000
    codec: str = "aac"
    layout: str = "mono"
    default: bool = False
    start: float = 0.0
    """Seconds."""


def written(
    muxer: str, tracks: Sequence[Track], *, picture: bool = False, options: Mapping[str, str] | None = None
) -> bytes:
    """Raises what PyAV raises where the container does not take the codec."""
    file = io.BytesIO()
    with av.open(file, "w", format=muxer, options=dict(options or {})) as container:
        video: Any = container.add_stream("mpeg4", rate=10, width=64, height=64, pix_fmt="yuv420p") if picture else None
        streams = [_stream(container, track) for track in tracks]
        if video is not None:
            for number in range(10):
                frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8)).reformat(format="yuv420p")
                frame.pts, frame.time_base = number, Fraction(1, 10)
                container.mux(video.encode(frame))
            container.mux(video.encode(None))
        for track, stream in zip(tracks, streams, strict=True):
            for sound in _frames(track, stream.codec_context.format.name):
                container.mux(stream.encode(sound))
            container.mux(stream.encode(None))
    return file.getvalue()


def _stream(container: Any, track: Track) -> Any:
    stream = container.add_stream(track.codec, rate=track.rate, layout=track.layout, options={"strict": "-2"})
    formats = Codec(track.codec, "w").audio_formats
    stream.codec_context.format = formats[0].name if formats else "s16"
    if track.codec.startswith("wma"):
        stream.codec_context.bit_rate = 64_000
    if track.default:
        stream.disposition = Disposition.default
    return stream


def _frames(track: Track, format: str) -> list[av.AudioFrame]:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(track.samples), format="fltp", layout=track.layout)
    frame.sample_rate, frame.time_base = track.rate, Fraction(1, track.rate)
    frame.pts = round(track.start * track.rate)
    resampler = av.AudioResampler(format, track.layout, track.rate)
    return [*resampler.resample(frame), *resampler.resample(None)]
