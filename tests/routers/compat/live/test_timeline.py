"""The clock of a session, and where its input stands on it."""

from __future__ import annotations

from routers.compat.live.timeline import InputPlaces, Timeline


def test_time_is_counted_from_the_start() -> None:
    clock = [5.0]
    timeline = Timeline(lambda: clock[0])
    clock[0] = 7.0
    timeline.begin()
    clock[0] = 8.2509
    assert timeline.now == 1250
    assert isinstance(timeline.now, int)


def test_input_in_real_time_stands_where_it_was_counted() -> None:
    places = InputPlaces()
    for number in range(1, 100):
        places.came(number / 10, number * 100 + 20)
    assert places.milliseconds(4.25) == 4250


def test_after_a_gap_it_stands_where_the_clock_was() -> None:
    places = InputPlaces()
    places.came(1.0, 1000)
    places.came(1.1, 6000)
    places.came(2.0, 6900)
    assert places.milliseconds(0.5) == 500
    assert places.milliseconds(2.0) == 6900
    assert places.milliseconds(1.6) == 6500


def test_the_first_speech_after_a_gap_begins_behind_the_gap() -> None:
    places = InputPlaces()
    places.came(1.0, 1000, 0.1)
    places.came(1.1, 6100, 0.1)
    assert places.milliseconds(1.05) == 6050
    assert places.onset(0.8) == 6000
    assert places.onset(0.4) == 400
    assert places.onset(1.05) == 6050


def test_silence_that_was_put_behind_what_was_said_does_not_count_as_time() -> None:
    places = InputPlaces()
    places.came(1.0, 1000, 0.1)
    places.came(4.2, 2000)
    places.came(4.3, 3100, 0.1)
    assert places.onset(3.9) == 3000


def test_a_burst_does_not_stand_in_the_future() -> None:
    places = InputPlaces()
    for number in range(1, 101):
        places.came(number / 10, 1000)
    assert places.milliseconds(10.0) <= 1300


def test_places_are_bounded_and_never_before_the_start() -> None:
    places = InputPlaces()
    for number in range(1000):
        places.came(number / 10, number * 1000)
    assert places.milliseconds(99.9) == 999_000
    assert places.milliseconds(0.0) >= 0
