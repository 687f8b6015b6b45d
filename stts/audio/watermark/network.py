"""The published network of Perth: an encoder that writes the watermark, and a decoder that finds it.

Perth (Resemble AI, MIT) was made for torch. Its two parts are small: 2.4 million multiplications a moment to write,
three times that to read, which numpy does many times faster than the sound lasts.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stts.audio.watermark.checkpoint import Tensors, read_tensors
from stts.audio.watermark.layers import Convolution, Frames, convolutions, whole
from stts.audio.watermark.spectrum import BAND, SHARE_HEARD, Levels

LAYERS = 7
TEMPI = (("slow", 1.25), ("normal", 1.0), ("fast", 0.75))
"""The decoder looks at a recording at three tempi, and believes the clearest."""


class WatermarkNetwork:
    """Each part is read at its first use, in a few hundredths of a second. Safe to use from many threads."""

    def __init__(self, checkpoint: Path) -> None:
        self._checkpoint = checkpoint

    @property
    def is_ready(self) -> bool:
        """True if speech can be marked without reading anything."""
        return "encoder" in self.__dict__

    @cached_property
    def encoder(self) -> tuple[Convolution, ...]:
        """Raises OSError, and ValueError where the checkpoint is another one."""
        return _layers(read_tensors(self._checkpoint), "encoder.layers")

    @cached_property
    def _decoders(self) -> tuple[tuple[float, tuple[Convolution, ...]], ...]:
        tensors = read_tensors(self._checkpoint)
        return tuple((tempo, _layers(tensors, f"decoder.{name}_layers")) for name, tempo in TEMPI)

    def confidence(self, found: Levels) -> float | None:
        """How surely a recording is marked, 0 to 1; None where nothing in it can be heard. Raises as `encoder` does."""
        heard = heard_moments(found)
        if not heard.any():
            return None
        marks, weights = zip(
            *(self._read(found, heard, tempo, layers) for tempo, layers in self._decoders), strict=True
        )
        powers = np.exp(np.array(weights) - max(weights))
        return float(np.clip(np.dot(powers / powers.sum(), marks), 0.0, 1.0))

    def _read(
        self, found: Levels, heard: NDArray[np.bool_], tempo: float, layers: tuple[Convolution, ...]
    ) -> tuple[float, float]:
        """The mark at one tempo, and how clear it is there."""
        count = max(1, int(len(found) * tempo))
        out = whole(layers, _stretched(found[:, :BAND], count))
        counted = heard[(np.arange(count) * (len(heard) / count)).astype(int)]
        if not counted.any():
            counted = np.ones(count, np.bool_)
        clear, mark = out[counted].mean(axis=0)
        return float(mark), float(clear)


def _layers(tensors: Tensors, prefix: str) -> tuple[Convolution, ...]:
    try:
        return convolutions(tensors, prefix, LAYERS)
    except KeyError as error:
        raise ValueError("This checkpoint has not all parts of the watermark's network.") from error


def heard_moments(found: Levels) -> NDArray[np.bool_]:
    """Which moments are not digital silence."""
    sums = found.sum(axis=1)
    heard: NDArray[np.bool_] = sums > sums.max(initial=0.0) * SHARE_HEARD
    return heard


def _stretched(frames: Frames, count: int) -> Frames:
    """The frames drawn out or together to a count, in straight lines from one to the next."""
    if count == len(frames):
        return frames
    places = np.linspace(0, len(frames) - 1, count)
    before = np.minimum(places.astype(int), len(frames) - 1)
    after = np.minimum(before + 1, len(frames) - 1)
    share = (places - before).astype(np.float32)[:, None]
    stretched: Frames = frames[before] * (1 - share) + frames[after] * share
    return stretched
