"""The network of Silero VAD for 16 kHz, written anew with its own weights: the same numbers for a quarter of the time.

The file holds two networks, chooses between them and counts lengths at every call, and convolves four steps of time,
for which there is no fast way. Here every layer is one product of matrices over all streams: a convolution of so few
steps is a matrix with its kernel along the diagonal, and the spectrum is that of the even and of the odd part of each
window, which halves it. State goes in and out as the engine's streams keep it: memory, then context.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engines.onnx_constants import read_constants
from engines.onnx_network import FREE, INTEGERS, SHORT_INTEGERS, NetworkWriter
from stts.engine_api import Samples

BRANCH = "If_0_then_branch__Inline_0__"
"""Prefix of the names in the network for 16 kHz."""
FRAME, CONTEXT = 512, 64
WINDOW, HOP, STEPS, BINS = 256, 128, 4, 129
"""Samples of a window of the spectrum and between two, windows in a frame, and frequencies."""
MEMORY = 128
"""Width of the recurrent layer and of its cell."""

_CONTEXT_AND_FRAME = CONTEXT + FRAME


def write_network(path: Path) -> bytes:
    """The network as a file. `frames` go in, a row each, and `states`, a row a stream; `speech` and `states_after` come
    out. A stream may have several frames. Which are its, numbers of rows tell (integers, of 32 bits in `lengths`):

    `before`: of each frame, what it has for a context: a row of the states and then of the frames;
    `last`: of each stream, what its next frame will have;
    `steps`: of each step, a row of the stream's frame there, or of its last one, shape (steps, streams);
    `lengths`: of each stream, how many it has;
    `places`: of each frame, where it stands in `steps`, row after row."""
    return _Silero(read_constants(path)).written()


def rows_of(counts: NDArray[np.int64]) -> dict[str, NDArray[np.int64] | NDArray[np.int32]]:
    """The inputs beside frames and states, where one stream's frames come after the other's, so many of each."""
    ends, streams = counts.cumsum(), np.arange(len(counts))
    firsts, whose = ends - counts, np.repeat(streams, counts)
    frames = np.arange(len(whose))
    before = frames + (len(counts) - 1)
    before[firsts] = streams
    return {
        "before": before,
        "last": ends + (len(counts) - 1),
        "steps": np.minimum(firsts + np.arange(counts.max())[:, np.newaxis], ends - 1),
        "lengths": counts.astype(np.int32),
        "places": (frames - firsts[whose]) * len(counts) + whose,
    }


class _Silero:
    def __init__(self, constants: Mapping[str, bytes]) -> None:
        self._constants = constants
        self._network = NetworkWriter()

    def written(self) -> bytes:
        network = self._network
        frames = network.input("frames", FRAME)
        hidden, cell, context = network.split(network.input("states", 2 * MEMORY + CONTEXT), MEMORY, MEMORY, CONTEXT)
        before, last, places = (network.input(name, type=INTEGERS) for name in ("before", "last", "places"))
        contexts = network.add("Concat", context, network.slice(frames, FRAME - CONTEXT, FRAME), axis=0)
        context = network.add("Gather", contexts, before, axis=0)
        heard = self._encoder(self._spectrum(network.add("Concat", context, frames, axis=1)))
        steps = network.add("Gather", heard, network.input("steps", FREE, type=INTEGERS), axis=0)
        told, hidden, cell = self._recurrence(steps, hidden, cell)
        told = network.add("Gather", network.reshape(told, MEMORY), places, axis=0)
        weight = self._weights("decoder.decoder.2.weight", MEMORY, 1)
        speech = self._layer(network.add("Relu", told), weight, self._weights("decoder.decoder.2.bias", 1))
        network.reshape(network.add("Sigmoid", speech), gives="speech")
        context = network.add("Gather", contexts, last, axis=0)
        network.add("Concat", hidden, cell, context, axis=1, gives="states_after")
        network.output("speech")
        network.output("states_after", 2 * MEMORY + CONTEXT)
        return network.model()

    def _spectrum(self, samples: str) -> str:
        """Magnitudes, a row of `STEPS * BINS` a stream. The last window ends in samples that are mirrored."""
        network, half = self._network, WINDOW // 2
        mirrored = network.slice(samples, _CONTEXT_AND_FRAME - 2, _CONTEXT_AND_FRAME - 2 - CONTEXT, -1)
        padded = network.add("Concat", samples, mirrored, axis=1)
        # The first sample of a window counts nothing: the second is the mirror image of the last.
        left = network.reshape(network.slice(samples, 1, 1 + STEPS * HOP), half)
        right = network.reshape(network.slice(padded, half, half + STEPS * HOP), half)
        right = network.slice(right, half - 1, -half - 1, -1)
        basis = self._weights("stft.forward_basis_buffer", 2, BINS, WINDOW)[:, :, 1 : half + 1].transpose(0, 2, 1)
        # The sample in the middle is in both halves.
        cosines, sines = basis[0].copy(), basis[1].copy()
        cosines[-1] /= 2
        sines[-1] = 0
        real = network.add("MatMul", network.add("Add", left, right), cosines)
        imaginary = network.add("MatMul", network.add("Sub", left, right), sines)
        power = network.add("Add", network.add("Mul", real, real), network.add("Mul", imaginary, imaginary))
        return network.reshape(network.add("Sqrt", power), STEPS * BINS)

    def _encoder(self, spectrum: str) -> str:
        """Four convolutions, each with what it hears of its neighbours."""
        network = self._network
        # Two steps each of the first layer, since the first two hear nothing of the last.
        kernel, bias = self._convolution(0, BINS, MEMORY, steps=3, outputs=(0, 1), stride=1)
        early = self._activated(network.slice(spectrum, 0, 3 * BINS), kernel, bias)
        kernel, bias = self._convolution(0, BINS, MEMORY, steps=3, outputs=(1, 2), stride=1)
        late = self._activated(network.slice(spectrum, BINS, 4 * BINS), kernel, bias)
        kernel, bias = self._convolution(1, MEMORY, 64, steps=STEPS, outputs=(0, 1), stride=2)
        both = self._layer(early, kernel[: 2 * MEMORY], bias)
        heard = network.add("Relu", network.add("Gemm", late, kernel[2 * MEMORY :], both))
        heard = self._activated(heard, *self._convolution(2, 64, 64, steps=2, outputs=(0,), stride=2))
        return self._activated(heard, *self._convolution(3, 64, MEMORY, steps=1, outputs=(0,), stride=1))

    def _recurrence(self, steps: str, hidden: str, cell: str) -> tuple[str, str, str]:
        """Steps of a long short-term memory: its outputs, and at the end its output and its cell."""
        network = self._network
        inward = self._gates("decoder.rnn.weight_ih", MEMORY)
        own = self._gates("decoder.rnn.weight_hh", MEMORY)
        bias = np.concatenate((self._gates("decoder.rnn.bias_ih"), self._gates("decoder.rnn.bias_hh")), axis=1)
        one = np.array([0])
        before = [network.add("Unsqueeze", each, one) for each in (hidden, cell)]
        lengths = network.input("lengths", type=SHORT_INTEGERS)
        told, *after = network.add_many("LSTM", steps, inward, own, bias, lengths, *before, count=3, hidden_size=MEMORY)
        hidden, cell = (network.add("Squeeze", each, one) for each in after)
        return told, hidden, cell

    def _gates(self, name: str, *width: int) -> Samples:
        """Weights of the four gates, one after the other as the operator wants them: the candidate comes last."""
        admit, keep, candidate, tell = self._weights(name, 4, MEMORY, *width)
        return np.concatenate((admit, tell, keep, candidate))[np.newaxis]

    def _convolution(
        self, layer: int, channels: int, filters: int, *, steps: int, outputs: Sequence[int], stride: int
    ) -> tuple[Samples, Samples]:
        """The matrix from so many steps of input to some steps of output, and its bias."""
        kernel = self._weights(f"encoder.{layer}.reparam_conv.weight", filters, channels, 3)
        matrix = np.zeros((steps, channels, len(outputs), filters), np.float32)
        for column, output in enumerate(outputs):
            for tap in range(3):
                if 0 <= (step := output * stride + tap - 1) < steps:
                    matrix[step, :, column] = kernel[:, :, tap].T
        bias = self._weights(f"encoder.{layer}.reparam_conv.bias", filters)
        return matrix.reshape(steps * channels, len(outputs) * filters), np.tile(bias, len(outputs))

    def _activated(self, value: str, matrix: Samples, bias: Samples) -> str:
        return self._network.add("Relu", self._layer(value, matrix, bias))

    def _layer(self, value: str, matrix: Samples, bias: Samples) -> str:
        return self._network.add("Gemm", value, matrix, bias)

    def _weights(self, name: str, *shape: int) -> Samples:
        return np.frombuffer(self._constants[BRANCH + name], "<f4").reshape(shape)
