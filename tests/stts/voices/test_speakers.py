from __future__ import annotations

import numpy as np

from stts.engine_api import STT_SAMPLE_RATE
from stts.voices.speakers import MOST_WINDOWS, audible_windows, count_speakers
from tests.audio import tone
from tests.stts.voices.recordings import wav


def test_people_are_counted_and_a_cough_is_none() -> None:
    low, high, cough = (np.eye(3, dtype=np.float32)[row] for row in range(3))
    assert count_speakers(np.stack([low] * 10), 0.7) == 1
    assert count_speakers(np.stack([low, high] * 10), 0.7) == 2
    assert count_speakers(np.stack([low] * 12 + [cough]), 0.7) == 1
    assert count_speakers(np.zeros((0, 3), np.float32), 0.7) == 0


def test_of_a_recording_what_is_silent_is_nobody() -> None:
    rate = STT_SAMPLE_RATE
    samples = np.concatenate([tone(6.0, rate, 200.0), np.zeros(4 * rate, np.float32), tone(3.0, rate, 200.0)])
    assert len(audible_windows(wav(samples, rate))) == 4, "of two seconds each, the last one cut off"
    assert len(audible_windows(wav(tone(130.0, rate, 200.0), rate))) == MOST_WINDOWS
