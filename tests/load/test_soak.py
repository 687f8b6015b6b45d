"""Verdicts of a soak: what rises fails, and what is too short for a verdict has none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from benchmarks.result import Row
from load import soak
from load.ledger import Answer, Ledger
from load.resources import MIB
from load.soak import Sample
from tests.load.checked import check


def held(rows: Sequence[Row]) -> bool:
    return all(row.met is not False for row in rows)


def samples(memory: float = 0.0, p99: float = 0.0, *, count: int = 120, rare: float = 0.0) -> list[Sample]:
    """A sample each minute; `memory` (bytes) and the p99 of a common and of a rare kind (seconds) rise by so much an
    hour."""
    return [
        Sample(
            at * 60.0,
            int(200 * MIB + memory * at / 60),
            {"speech": 0.1 + p99 * at / 60, "visit": 0.01 + rare * at / 60},
            100,
        )
        for at in range(count)
    ]


def test_a_soak_without_a_rise_is_right() -> None:
    rows = soak.judge(samples(), Ledger())
    assert [row.met for row in rows] == [True] * 4


@pytest.mark.parametrize(
    ("memory", "p99", "rare"), [(5 * MIB, 0.0, 0.0), (0.0, 0.1, 0.0), (0.0, 0.0, 0.02)], ids=["memory", "p99", "rare"]
)
def test_one_whose_memory_or_slow_answers_of_a_kind_rise_is_not(memory: float, p99: float, rare: float) -> None:
    assert not held(soak.judge(samples(memory, p99, rare=rare), Ledger()))


def test_one_too_short_is_not_judged_which_it_says() -> None:
    *judged, failed = soak.judge(samples(500 * MIB, 9.0, count=8), Ledger())
    assert [row.met for row in judged] == [None] * 3 and failed.met
    assert all("too short to judge" in row.measured for row in judged)
    assert not held(soak.judge(samples(5000 * MIB, 9.0, count=9), Ledger()))


def test_a_kind_that_is_rarely_answered_is_not_judged_and_hides_no_other() -> None:
    series = samples(p99=0.1)
    often = [replace(each, p99={"speech": each.p99["speech"]}) for each in series]
    rows = soak.judge([*often[:-3], *series[-3:]], Ledger())
    assert [row.met for row in rows] == [True, False, None, True]


def test_only_what_fails_on_any_machine_is_no_matter_of_time() -> None:
    ledger = Ledger()
    ledger.failed("speech", ConnectionResetError())
    memory, *p99, failed = soak.judge(samples(50 * MIB, 9.0), ledger)
    assert [row.timed for row in (memory, *p99, failed)] == [False, True, True, False]
    with pytest.raises(AssertionError):
        check([memory, *p99])
    with pytest.raises(AssertionError):
        check([*p99, failed])
    check([replace(memory, met=True), *p99])


def test_p99_is_of_each_kind_alone() -> None:
    answers = [Answer("visit", 1.0, 0.01), Answer("speech", 1.0, 0.2), Answer("speech", 1.0, 0.1)]
    assert soak.p99_by_kind(answers) == {"speech": 0.2, "visit": 0.01}


def test_nor_is_one_right_in_which_nothing_was_answered_or_something_failed() -> None:
    ledger = Ledger()
    ledger.failed("speech", ConnectionResetError())
    silent = [replace(each, p99={}, answers=0) for each in samples()]
    assert not held(soak.judge([], Ledger()))
    assert not held(soak.judge(silent, Ledger()))
    assert not held(soak.judge(samples(), ledger))
