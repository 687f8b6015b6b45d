"""A breaker opens after failures in a row, and closes when a probe or a later call goes well."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stts.scheduling.breaker import Breaker, BreakerRules

RULES = BreakerRules()


def opened(at: float = 10.0) -> Breaker:
    breaker = Breaker()
    for number in range(3):
        breaker.failed(at - 2 + number, RULES)
    return breaker


def test_three_failures_in_a_row_open_it() -> None:
    breaker = Breaker()
    assert [breaker.failed(second, RULES) for second in (1.0, 2.0, 3.0)] == [False, False, True]
    assert breaker.state == "open"
    assert breaker.wait(3.0) == 60.0
    assert breaker.wait(100.0) == 0.0


def test_a_success_in_between_begins_the_row_anew() -> None:
    breaker = Breaker()
    breaker.failed(1.0, RULES)
    breaker.failed(2.0, RULES)
    assert not breaker.succeeded(2.5)
    assert breaker.failures == 0
    breaker.failed(3.0, RULES)
    breaker.failed(4.0, RULES)
    assert breaker.closed


def test_the_same_input_again_says_nothing_new() -> None:
    breaker = Breaker()
    assert not any(breaker.failed(float(second), RULES, cause=7) for second in range(20))
    assert breaker.failures == 1
    breaker.failed(21.0, RULES, cause=8)
    assert breaker.failed(22.0, RULES, cause=7)


def test_each_failed_probe_doubles_the_rest_up_to_half_an_hour() -> None:
    breaker, now, rests = opened(), 10.0, []
    for _ in range(8):
        rests.append(breaker.wait(now))
        now += breaker.wait(now)
        breaker.begin_probe()
        assert breaker.state == "half_open"
        breaker.probe_failed(now, RULES)
    assert rests == [60, 120, 240, 480, 960, 1800, 1800, 1800]
    breaker.begin_probe()
    assert breaker.succeeded(now)
    assert breaker.closed
    assert breaker.wait(now) == 0.0


def test_a_call_from_before_it_opened_does_not_close_it() -> None:
    breaker = opened(at=10.0)
    assert not breaker.succeeded(began=9.0)
    assert breaker.state == "open"
    assert breaker.succeeded(began=11.0)


def test_failures_of_an_open_one_change_nothing() -> None:
    breaker = opened(at=10.0)
    assert not breaker.failed(30.0, RULES)
    assert breaker.wait(30.0) == 40.0


def test_what_is_forgiven_was_never_charged() -> None:
    breaker = opened(at=10.0)
    assert breaker.forgive(since=9.5)
    assert (breaker.state, breaker.failures) == ("closed", 2)
    breaker.failed(11.0, RULES)
    assert not breaker.forgive(since=12.0)
    assert breaker.state == "open"


@pytest.mark.parametrize("event", ["begin_probe", "probe_failed"])
def test_probes_of_a_closed_one_change_nothing(event: str) -> None:
    breaker = Breaker()
    if event == "begin_probe":
        breaker.begin_probe()
    else:
        breaker.probe_failed(1.0, RULES)
    assert breaker.closed


@given(st.lists(st.sampled_from(["fail", "success", "probe"]), max_size=60))
def test_it_is_open_exactly_after_enough_failures_without_a_success(events: list[str]) -> None:
    breaker, row = Breaker(), 0
    for now, event in enumerate(events, start=1):
        if event == "fail":
            breaker.failed(float(now), RULES)
            row += 1
        elif event == "success":
            breaker.succeeded(float(now))
            row = 0
        else:
            breaker.begin_probe()
            breaker.probe_failed(float(now), RULES)
        assert breaker.closed == (row < RULES.failures)
        assert 0.0 <= breaker.wait(float(now)) <= RULES.longest_rest_seconds
