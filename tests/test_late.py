"""A conversation that failed on a machine that was slow is held once more, and no other one."""

from __future__ import annotations

import time
from typing import Literal, cast

import pytest

from tests.late import COMPUTED_SECONDS, HELD, SLOW, Machine, Reports, judged, slowest, still
from tests.patience import PATIENCE


def report(outcome: Literal["passed", "failed"]) -> pytest.TestReport:
    return pytest.TestReport("test", ("test.py", 1, "test"), {}, outcome, "why it failed", "teardown")


def held(*outcomes: str, slowness: float) -> tuple[Reports, list[str]]:
    """Returns what is judged, and outcomes that nobody has asked for."""
    left = list(outcomes)

    def hold() -> Reports:
        return [report(cast(Literal["passed", "failed"], left.pop(0)))]

    return judged(hold, lambda: slowness), left


def test_what_failed_on_a_slow_machine_is_held_once_more_and_both_are_told() -> None:
    reports, left = held("failed", "passed", slowness=2 * SLOW)
    assert [each.outcome for each in reports] == ["passed"] and left == []
    assert reports[0].user_properties == [(HELD, f"{2 * SLOW:.0f} times as slow\nwhy it failed")]


def test_what_fails_again_has_failed() -> None:
    reports, left = held("failed", "failed", "passed", slowness=2 * SLOW)
    assert [each.outcome for each in reports] == ["failed"] and left == ["passed"]


@pytest.mark.parametrize(("outcome", "slowness"), [("failed", 1.0), ("passed", 2 * SLOW)])
def test_nothing_else_is(outcome: str, slowness: float) -> None:
    reports, left = held(outcome, "passed", slowness=slowness)
    assert [each.outcome for each in reports] == [outcome] and left == ["passed"]
    assert reports[0].user_properties == []


def test_a_machine_is_slow_that_is_so_for_two_seconds() -> None:
    at_once, late = COMPUTED_SECONDS, 5 * COMPUTED_SECONDS
    assert slowest([]) == slowest([late]) == 0.0
    assert slowest([at_once, late, at_once, late]) == pytest.approx(1.0)
    assert slowest([at_once, late, late, at_once]) == pytest.approx(5.0)


def test_a_machine_is_slow_that_stood_still_however_quick_it_was_before_and_after() -> None:
    beat = [(each + 0.5, COMPUTED_SECONDS) for each in range(4)]
    assert still(0.0, [], 1.0) == still(0.0, beat, 4.5) == 0.0
    later = [(at + 41.0, took) for at, took in beat]
    assert still(0.0, [*beat, *later], 46.0) == pytest.approx((41.0 - 3.0 - COMPUTED_SECONDS - 0.98) / COMPUTED_SECONDS)
    assert still(0.0, later, 46.0) > SLOW and still(0.0, beat, 50.0) > SLOW


@pytest.mark.socket
def test_a_machine_is_looked_at_until_the_end() -> None:
    machine, limit = Machine(), time.monotonic() + PATIENCE
    machine.go_on()
    while not machine.slowness_since(0.0):
        assert time.monotonic() < limit
        time.sleep(0.05)
    machine.rest()
    machine.end()
