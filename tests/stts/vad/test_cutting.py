from __future__ import annotations

import numpy as np
import pytest

from stts.vad.cutting import FRAME, quietest


@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.05, 0.15, 3.0, 30.0])
def test_speech_is_cut_inside(seconds: float) -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, int(seconds * 16_000)).astype(np.float32)
    if seconds > 1:
        samples[-24_000:-20_000] = 0.0
        assert -24_000 <= quietest(samples) - len(samples) <= -20_000
    assert 0 <= quietest(samples) <= len(samples)


@pytest.mark.parametrize("frame", [256, FRAME, 1600])
def test_the_cut_is_a_whole_number_of_the_callers_frames(frame: int) -> None:
    samples = np.random.default_rng(1).normal(0, 0.1, 5 * 16_000).astype(np.float32)
    assert quietest(samples, frame) % frame == 0


def test_nothing_older_than_the_window_is_looked_at() -> None:
    samples = np.random.default_rng(2).normal(0, 0.1, 30 * 16_000).astype(np.float32)
    samples[:160_000] = 0.0
    assert len(samples) - quietest(samples) <= 8.1 * 16_000
