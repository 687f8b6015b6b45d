"""Background work waits while somebody waits, and is not forgotten where somebody always does."""

from __future__ import annotations

import pytest

from stts.scheduling.yielding import COMPANY_SECONDS, LONGEST_REST_SECONDS, Yielding


def test_nothing_waits_where_nobody_ever_waited() -> None:
    yielding = Yielding()
    assert yielding.seconds_left(0.0, 0.25) == 0
    yielding.worked(0.0, 5.0, 0.1)
    assert yielding.seconds_left(5.0, 0.25) == 0


def test_it_waits_until_it_has_been_quiet_for_a_moment() -> None:
    yielding = Yielding()
    yielding.worked(0.0, 1.0, 0.1)
    yielding.begin()
    assert yielding.seconds_left(1.5, 0.25) == pytest.approx(8.5)
    yielding.end(2.0)
    assert yielding.seconds_left(2.1, 0.25) == pytest.approx(0.15)
    assert yielding.seconds_left(2.25, 0.25) == 0


def test_the_last_of_several_who_wait_counts() -> None:
    yielding = Yielding()
    yielding.worked(0.0, 1.0, 0.1)
    yielding.begin()
    yielding.begin()
    yielding.end(2.0)
    assert yielding.seconds_left(5.0, 0.25) > 0
    yielding.end(5.0)
    assert yielding.seconds_left(5.25, 0.25) == 0


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_it_gets_its_share_where_somebody_always_waits(share: float) -> None:
    yielding, now, worked = Yielding(), 0.0, 0.0
    yielding.begin()
    while now < 1000:
        now += yielding.seconds_left(now, 0.25)
        yielding.worked(now, now + 0.2, share)
        now, worked = now + 0.2, worked + 0.2
    assert worked / now == pytest.approx(share, rel=0.05)


def test_no_rest_is_longer_than_a_bound() -> None:
    yielding = Yielding()
    yielding.begin()
    yielding.worked(0.0, 1000.0, 0.01)
    assert yielding.seconds_left(1000.0, 0.25) == LONGEST_REST_SECONDS


def test_company_is_who_waits_or_has_waited_lately() -> None:
    yielding = Yielding()
    assert not yielding.has_company(0.0)
    yielding.begin()
    assert yielding.has_company(1000.0)
    yielding.end(1000.0)
    assert yielding.has_company(1000.0 + COMPANY_SECONDS / 2)
    assert not yielding.has_company(1000.0 + COMPANY_SECONDS)
