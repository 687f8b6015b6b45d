from __future__ import annotations

import numpy as np
import pytest

from stts.audio.watermark.layers import Convolution, Streamed, whole


def network() -> tuple[Convolution, ...]:
    generator = np.random.default_rng(3)

    def weights(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return (0.3 * generator.standard_normal(shape)).astype(np.float32)

    return (
        Convolution(weights(8, 5, 1), weights(8), activated=True),
        Convolution(weights(8, 8, 7), weights(8), activated=True),
        Convolution(weights(8, 8, 3), weights(8), activated=True),
        Convolution(weights(2, 8, 1), weights(2), activated=False),
    )


@pytest.mark.parametrize("size", [1, 2, 7, 50])
def test_a_stream_gives_what_the_whole_does(size: int) -> None:
    frames = np.random.default_rng(5).standard_normal((50, 5)).astype(np.float32)
    layers = network()
    stream = Streamed(layers)
    parts = [stream.push(frames[start : start + size]) for start in range(0, len(frames), size)]
    assert sum(map(len, parts)) == len(frames) - stream.margin == 46
    assert np.allclose(np.concatenate([*parts, stream.finish()]), whole(layers, frames), atol=1e-5)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_stream_that_ends_at_once(count: int) -> None:
    frames = np.ones((count, 5), np.float32)
    layers = network()
    stream = Streamed(layers)
    parts = [stream.push(frames), stream.finish()]
    assert np.allclose(np.concatenate(parts), whole(layers, frames), atol=1e-5)


def test_a_convolution_is_the_sum_over_its_moments() -> None:
    layer = Convolution(np.array([[[1.0, 10.0, 100.0]]], np.float32), np.array([0.5], np.float32), activated=True)
    frames = np.array([[1.0], [2.0], [-3.0]], np.float32)
    assert whole([layer], frames)[:, 0].tolist() == pytest.approx([210.5, -2.785, -0.275])
