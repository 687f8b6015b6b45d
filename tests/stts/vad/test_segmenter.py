from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stts.vad.segmenter import HYSTERESIS, INAUDIBLE_PEAK, QUIETEST_DBFS, SpeechCounter, audible, frames_in, levels


def test_an_open_sound_goes_on_below_the_threshold_and_the_next_one_does_not_begin_there() -> None:
    counter = SpeechCounter()
    below = 0.5 - HYSTERESIS / 2
    assert not counter.is_speech(below, 0.5)
    counter.count(True)
    assert counter.is_speech(below, 0.5) and not counter.is_speech(0.5 - 2 * HYSTERESIS, 0.5)
    counter.end_sound()
    assert not counter.is_speech(below, 0.5)


@given(st.lists(st.booleans() | st.none(), max_size=100))
def test_speech_and_silence_are_counted_from_the_first_frame_of_each_sound(frames: list[bool | None]) -> None:
    """None ends the sound."""
    counter = SpeechCounter()
    sound: list[bool] = []
    position = 0
    for frame in frames:
        if frame is None:
            counter.end_sound()
            sound = []
        else:
            counter.count(frame)
            position += 1
            sound.append(frame)
        assert counter.position == position
        assert counter.speech == sum(sound) and counter.open is any(sound)
        if any(sound):
            assert counter.start == position - len(sound) + sound.index(True)
            assert counter.silence == sound[::-1].index(True)
        else:
            assert counter.silence == len(sound)


def test_only_what_can_be_heard_is_audible() -> None:
    frames = np.array([[0.0, 0.0], [0.0, INAUDIBLE_PEAK / 2], [0.0, -0.01]], np.float32)
    assert audible(frames).tolist() == [False, False, True]
    assert not audible(np.zeros(0, np.float32))


def test_a_length_is_at_least_one_frame() -> None:
    assert frames_in(0.001, 0.032) == 1
    assert frames_in(0.32, 0.032) == 10


def test_levels_are_decibels_of_full_scale() -> None:
    frames = np.full((5, 512), 0.5, np.float32)
    frames[1], frames[2], frames[3], frames[4, 7] = 0.0, 1.0, 1e-9, np.nan
    assert levels(frames).tolist() == pytest.approx([-6.02, QUIETEST_DBFS, 0.0, QUIETEST_DBFS, QUIETEST_DBFS], abs=0.01)
    assert levels(frames[:0]).shape == (0,)
    assert levels(frames).min() == QUIETEST_DBFS
    assert levels(np.full((1, 512), np.nan, np.float32)).tolist() == [QUIETEST_DBFS]
