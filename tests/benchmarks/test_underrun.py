from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.underrun import Arrival, continuous, worst_underrun

durations = st.floats(0.001, 10)
gaps = st.floats(0.0, 10)
streams = st.lists(st.tuples(gaps, durations), min_size=1, max_size=30)


def arrivals(stream: list[tuple[float, float]], start: float = 0.0) -> list[Arrival]:
    """Arrivals from pairs of (seconds since the previous arrival, seconds of audio)."""
    found, at = [], start
    for gap, seconds in stream:
        at += gap
        found.append(Arrival(at, seconds))
    return found


def test_nothing_and_one_arrival_are_in_time() -> None:
    assert worst_underrun([]) == 0.0
    assert worst_underrun([Arrival(5.0, 1.0)]) == 0.0


def test_audio_that_comes_as_the_last_ends_is_in_time() -> None:
    assert worst_underrun([Arrival(0.0, 1.0), Arrival(1.0, 1.0), Arrival(2.0, 1.0)]) == 0.0


def test_each_second_late_counts_from_the_first_audio() -> None:
    assert worst_underrun([Arrival(0.0, 1.0), Arrival(1.25, 1.0)]) == pytest.approx(0.25)
    assert worst_underrun([Arrival(3.0, 1.0), Arrival(4.25, 1.0)]) == pytest.approx(0.25)


def test_lateness_adds_up_and_the_worst_stays() -> None:
    late_twice = [Arrival(0.0, 1.0), Arrival(1.2, 1.0), Arrival(2.4, 5.0), Arrival(2.5, 1.0)]
    assert worst_underrun(late_twice) == pytest.approx(0.4)


def test_a_header_neither_starts_the_playback_nor_is_late() -> None:
    assert worst_underrun([Arrival(0.0, 0.0), Arrival(2.0, 1.0), Arrival(9.0, 0.0)]) == 0.0


@given(streams, st.floats(-1000, 1000))
def test_the_clock_has_no_origin(stream: list[tuple[float, float]], start: float) -> None:
    assert worst_underrun(arrivals(stream, start)) == pytest.approx(worst_underrun(arrivals(stream)), abs=1e-6)


@given(streams)
def test_a_head_start_of_the_worst_underrun_is_what_a_player_needs(stream: list[tuple[float, float]]) -> None:
    found = arrivals(stream)
    needed = worst_underrun(found)
    played = found[0].at + needed
    for arrival in found:
        assert arrival.at <= played + 1e-6
        played += arrival.seconds


@given(streams)
def test_everything_at_once_is_never_late(stream: list[tuple[float, float]]) -> None:
    assert worst_underrun([Arrival(1.0, seconds) for _, seconds in stream]) == 0.0


def test_continuous_is_the_part_within_the_limit() -> None:
    assert continuous([0.0, 0.1, 0.100001, 3.0], 0.1) == 0.5
    assert continuous([0.0], 0.1) == 1.0
