"""The best part of a recording has the most speech, none of it clipped, and begins and ends in pauses."""

from __future__ import annotations

import numpy as np

from stts.voices.figures import Window
from stts.voices.windows import SLOT_SECONDS, best_window

LOUD, QUIET = 0.01, 1e-7


def slots(*parts: tuple[float, float]) -> np.ndarray:
    """Mean squares: pairs of seconds and power."""
    powers = [np.full(round(seconds / SLOT_SECONDS), power, np.float32) for seconds, power in parts]
    return np.concatenate(powers)


def unclipped(powers: np.ndarray) -> np.ndarray:
    return np.zeros(len(powers), np.bool_)


def close(window: Window, start: float, end: float) -> bool:
    return abs(window.start - start) < 0.25 and abs(window.end - end) < 0.25


def test_a_short_recording_loses_its_silent_ends() -> None:
    powers = slots((3, QUIET), (4, LOUD), (5, QUIET))
    assert close(best_window(powers, unclipped(powers), 1e-4, 30), 2.8, 7.2)


def test_of_a_long_one_the_part_with_the_most_speech_is_taken() -> None:
    powers = slots((5, LOUD), (20, QUIET), (9, LOUD), (20, QUIET), (4, LOUD))
    assert close(best_window(powers, unclipped(powers), 1e-4, 10), 24.8, 34.2)


def test_an_end_within_a_word_costs() -> None:
    powers = slots((4, LOUD), (0.5, QUIET), (8.4, LOUD), (0.5, QUIET), (4, LOUD))
    assert close(best_window(powers, unclipped(powers), 1e-4, 9), 4.3, 13.1)


def test_clipped_parts_are_left_out() -> None:
    powers = slots((10, LOUD), (1, QUIET), (8, LOUD), (1, QUIET))
    clipped = unclipped(powers)
    clipped[20:60:7] = True
    assert best_window(powers, clipped, 1e-4, 10).start > 5.5


def test_without_any_sound_it_is_the_beginning() -> None:
    powers = slots((40, QUIET))
    assert close(best_window(powers, unclipped(powers), None, 10), 0.0, 10.0)
