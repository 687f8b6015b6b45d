from __future__ import annotations

from dataclasses import replace

from stts.analytics.recent import FAILED, HOURS, NEWEST, SLOWEST, RecentOperations
from tests.stts.analytics.test_history import DONE, Clock


def test_the_newest_come_first_and_push_the_oldest_out() -> None:
    recent = RecentOperations(Clock())
    for number in range(2 * NEWEST):
        recent.operation_finished(replace(DONE, urgency="background", request_id=str(number)))
    kept = [each.record.request_id for each in recent.kept()]
    assert (len(kept), kept[0], kept[-1]) == (NEWEST, str(2 * NEWEST - 1), str(NEWEST))


def test_slow_ones_and_failures_outlast_the_crowd() -> None:
    clock = Clock()
    recent = RecentOperations(clock)
    recent.operation_finished(replace(DONE, first_item=9.0, total=9.0, request_id="slow"))
    recent.operation_finished(replace(DONE, status="error", code="busy", request_id="failed"))
    for _ in range(2 * NEWEST):
        recent.operation_finished(DONE)
    assert [each.record.request_id for each in recent.kept()][-2:] == ["failed", "slow"]
    clock.now += 23 * 3600
    recent.operation_finished(DONE)
    assert recent.kept()[-1].record.request_id == "slow"


def test_a_quiet_hour_keeps_its_own_slowest_and_a_day_is_all() -> None:
    clock = Clock()
    recent = RecentOperations(clock)
    for _ in range(3 * HOURS):
        for _ in range(2 * SLOWEST):
            recent.operation_finished(replace(DONE, first_item=9.0))
        clock.now += 3600
    kept = recent.kept()
    assert len(kept) <= NEWEST + FAILED + HOURS * SLOWEST
    oldest = min(each.ended for each in kept[NEWEST:])
    assert clock.now - oldest <= HOURS * 3600
    assert len({int(each.ended // 3600) for each in kept}) >= HOURS - 1


def test_a_clock_that_is_set_back_opens_no_hour() -> None:
    clock = Clock()
    recent = RecentOperations(clock)
    for hour in (5, 2, 7):
        clock.now += (hour - 5) * 3600
        recent.operation_finished(replace(DONE, request_id=str(hour)))
    assert [each.record.request_id for each in recent.kept()] == ["7", "2", "5"]
