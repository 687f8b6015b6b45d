"""Speakers are counted by vectors that are alike; a spectrum stands in for a model that makes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stts.engine_api import STT_SAMPLE_RATE, Samples
from stts.voices.speakers import count_speakers, speakers_in
from tests.audio import tone
from tests.stts.voices.recordings import wav


class Pitch:
    """Tells tones apart by where their spectrum is."""

    same_speaker = 0.7

    def embed(self, samples: Samples) -> NDArray[np.float32]:
        spectrum = np.abs(np.fft.rfft(samples))
        bands: NDArray[np.float32] = spectrum[:8000].reshape(100, -1).sum(axis=1).astype(np.float32)
        return bands


def test_people_are_counted_and_a_cough_is_none() -> None:
    low, high, cough = (np.eye(3, dtype=np.float32)[row] for row in range(3))
    assert count_speakers([low] * 10, 0.7) == 1
    assert count_speakers([low, high] * 10, 0.7) == 2
    assert count_speakers([low] * 12 + [cough], 0.7) == 1
    assert count_speakers([], 0.7) == 0


def test_of_a_recording_what_is_silent_counts_for_nobody() -> None:
    rate = STT_SAMPLE_RATE
    one = np.concatenate([tone(6.0, rate, 200.0), np.zeros(4 * rate, np.float32)])
    both = np.concatenate([tone(6.0, rate, 200.0), tone(6.0, rate, 1500.0)])
    assert speakers_in(wav(one, rate), Pitch()) == 1
    assert speakers_in(wav(both, rate), Pitch()) == 2
