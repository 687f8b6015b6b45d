"""When a server is asked again, in figures."""

from __future__ import annotations

from clients.desktop.model.backoff import Backoff, countdown


def test_each_wait_is_twice_the_last_up_to_a_bound() -> None:
    backoff = Backoff(first=1.0, longest=5.0, times=4)
    assert [backoff.seconds_before(attempt) for attempt in range(1, 6)] == [1.0, 2.0, 4.0, 5.0, None]


def test_a_server_may_ask_for_more_and_not_for_an_hour() -> None:
    backoff = Backoff()
    assert backoff.seconds_before(1, 20.0) == 20.0
    assert backoff.seconds_before(4, 1.0) == 8.0
    assert backoff.seconds_before(1, 3600.0) is None


def test_the_countdown_goes_by_seconds() -> None:
    assert list(countdown(3.0)) == [(3.0, 1.0), (2.0, 1.0), (1.0, 1.0)]
    assert list(countdown(1.5)) == [(1.5, 0.5), (1.0, 1.0)]
    assert list(countdown(0.0)) == []
