"""Small convolutional networks over time with numpy: for whole recordings, and for streams that come in pieces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stts.audio.watermark.checkpoint import Tensors

Frames = NDArray[np.float32]
"""One row a moment, one column a channel."""

ROWS = 8
"""Moments that are multiplied at once: with more of them the library spreads over all cores, which other work needs,
and waits for them more than it wins."""
LEAK = 0.01
"""Slope of the activation below zero."""


class Convolution:
    """A convolution over time that keeps the length, with zeros beyond both ends."""

    def __init__(self, weight: NDArray[np.float32], bias: NDArray[np.float32], *, activated: bool) -> None:
        """`weight`: outputs, inputs, moments, as torch keeps them."""
        self.outputs, self.inputs, self.width = (int(size) for size in weight.shape)
        self._taps = [np.ascontiguousarray(weight[:, :, moment].T) for moment in range(self.width)]
        self._bias = bias
        self._activated = activated

    @property
    def margin(self) -> int:
        """Moments on each side that an output depends on."""
        return (self.width - 1) // 2

    def inside(self, frames: Frames) -> Frames:
        """The outputs whose neighbours are all there: `2 * margin` fewer than `frames`."""
        count = len(frames) - 2 * self.margin
        out = np.tile(self._bias, (count, 1))
        for moment, tap in enumerate(self._taps):
            for start in range(0, count, ROWS):
                end = min(start + ROWS, count)
                out[start:end] += frames[start + moment : end + moment] @ tap
        return np.maximum(out, LEAK * out) if self._activated else out

    def zeros(self) -> Frames:
        """The moments beyond an end."""
        return np.zeros((self.margin, self.inputs), np.float32)


def convolutions(tensors: Tensors, prefix: str, count: int) -> tuple[Convolution, ...]:
    """The layers `prefix.0` and on; all but the last are activated. Raises KeyError where one is missing."""
    return tuple(
        Convolution(
            tensors[f"{prefix}.{place}.conv.weight"],
            tensors[f"{prefix}.{place}.conv.bias"],
            activated=place + 1 < count,
        )
        for place in range(count)
    )


def whole(layers: Sequence[Convolution], frames: Frames) -> Frames:
    """The network over all of a recording at once."""
    for layer in layers:
        frames = layer.inside(np.concatenate([layer.zeros(), frames, layer.zeros()]))
    return frames


class Streamed:
    """The network over a stream: the same outputs as over the whole, each as soon as all that it depends on is there.

    Every layer keeps the few moments that its next output needs, so that nothing is worked out twice.
    """

    def __init__(self, layers: Sequence[Convolution]) -> None:
        self._layers = layers
        self._kept = [layer.zeros() for layer in layers]

    @property
    def margin(self) -> int:
        """Moments by which outputs come later than inputs."""
        return sum(layer.margin for layer in self._layers)

    def push(self, frames: Frames) -> Frames:
        for place in range(len(self._layers)):
            frames = self._step(place, frames)
        return frames

    def finish(self) -> Frames:
        """The outputs that waited for what will not come."""
        rest = np.zeros((0, self._layers[0].inputs), np.float32)
        for place, layer in enumerate(self._layers):
            rest = self._step(place, np.concatenate([rest, layer.zeros()]))
        return rest

    def _step(self, place: int, frames: Frames) -> Frames:
        layer = self._layers[place]
        frames = np.concatenate([self._kept[place], frames])
        held = min(2 * layer.margin, len(frames))
        self._kept[place] = frames[len(frames) - held :].copy()
        if len(frames) <= 2 * layer.margin:
            return np.zeros((0, layer.outputs), np.float32)
        return layer.inside(frames)
