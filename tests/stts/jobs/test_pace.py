"""The pace of a batch follows what was measured lately."""

from __future__ import annotations

import pytest

from stts.jobs.pace import HALF_LIFE_SECONDS, Pace
from stts.jobs.values import Batch


def test_nothing_is_told_before_anything_was_measured() -> None:
    assert Pace().per_second is None


def test_a_steady_pace_is_told_as_it_is() -> None:
    pace = Pace()
    for _ in range(500):
        pace.add(30, 2.0)
    assert pace.per_second == pytest.approx(15, rel=0.02)


def test_what_was_long_ago_counts_no_more() -> None:
    pace = Pace(1000.0)
    for _ in range(int(12 * HALF_LIFE_SECONDS)):
        pace.add(10, 1.0)
    assert pace.per_second == pytest.approx(10, rel=0.05)


def test_a_wait_makes_it_slower() -> None:
    pace = Pace(20.0)
    pace.add(0, 60.0)
    assert pace.per_second is not None and pace.per_second < 10


def test_a_clock_that_stands_still_or_goes_back_breaks_nothing() -> None:
    pace = Pace()
    pace.add(5, 0.0)
    pace.add(5, -3.0)
    assert pace.per_second is None
    pace.add(5, 1.0)
    assert pace.per_second == pytest.approx(15, rel=0.02)


def test_the_rest_is_told_in_seconds() -> None:
    batch = Batch(id="job-1", kind="speech", root="r", created_at=0.0, state="running", size=1000, size_ended=400)
    assert batch.remaining_seconds is None
    measured = Batch(
        id="job-1", kind="speech", root="r", created_at=0.0, state="running", size=1000, size_ended=400, pace=20.0
    )
    assert measured.remaining_seconds == 30.0
