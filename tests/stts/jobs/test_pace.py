"""The pace of a batch follows what was measured lately."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stts.jobs.pace import HALF_LIFE_SECONDS, Pace
from stts.jobs.values import Batch


def test_nothing_is_told_before_anything_was_measured() -> None:
    assert Pace().per_second is None


def test_the_first_end_is_no_pace_as_an_engine_may_have_been_loaded_for_it() -> None:
    pace = Pace()
    pace.add(30, 20.0, 1)
    assert pace.per_second is None
    for _ in range(2):
        pace.add(30, 2.0, 1)
        assert pace.per_second is None
    pace.add(30, 2.0, 1)
    assert pace.per_second == pytest.approx(15, rel=0.05)


def test_many_items_of_a_moment_are_no_pace() -> None:
    pace = Pace()
    for _ in range(10):
        pace.add(30, 0.25, 3)
    assert pace.per_second is None


def test_a_steady_pace_is_told_as_it_is() -> None:
    pace = Pace()
    for _ in range(500):
        pace.add(30, 2.0, 1)
    assert pace.per_second == pytest.approx(15, rel=0.02)


def test_what_was_long_ago_counts_no_more() -> None:
    pace = Pace(1000.0)
    for _ in range(int(12 * HALF_LIFE_SECONDS)):
        pace.add(10, 1.0, 1)
    assert pace.per_second == pytest.approx(10, rel=0.05)


def test_a_wait_makes_it_slower() -> None:
    pace = Pace(20.0)
    pace.add(0, 60.0, 0)
    assert pace.per_second is not None and pace.per_second < 10


def test_a_clock_that_stands_still_or_goes_back_breaks_nothing() -> None:
    pace = Pace()
    for seconds in (1.0, 0.0, -3.0):
        pace.add(5, seconds, 1)
        assert pace.per_second is None
    pace.add(5, 5.0, 1)
    assert pace.per_second == pytest.approx(3, rel=0.1)


def test_no_rest_is_told_while_nobody_works_on_it() -> None:
    batch = Batch(
        id="job-1", kind="speech", root="r", created_at=0.0, state="running", size=1000, pace=20.0, lease_until=115.0
    )
    assert batch.as_seen(100.0, 15.0).remaining_seconds == batch.as_seen(105.5, 15.0).remaining_seconds == 50.0
    assert batch.as_seen(108.0, 15.0).remaining_seconds is None  # whoever had it was killed
    assert replace(batch, lease_until=None).as_seen(100.0, 15.0).remaining_seconds is None
    assert replace(batch, state="paused", lease_until=None).as_seen(100.0, 15.0).remaining_seconds == 50.0


def test_the_rest_is_told_in_seconds() -> None:
    batch = Batch(id="job-1", kind="speech", root="r", created_at=0.0, state="running", size=1000, size_ended=400)
    assert batch.remaining_seconds is None
    measured = Batch(
        id="job-1", kind="speech", root="r", created_at=0.0, state="running", size=1000, size_ended=400, pace=20.0
    )
    assert measured.remaining_seconds == 30.0
