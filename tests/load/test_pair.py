"""Verdicts on two servers that share a root: each promise that did not hold fails a row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchmarks.client import BadAnswer
from load.ledger import Ledger
from load.pair import Found, judge


def is_right(**bad: Any) -> bool:
    calls = Ledger(begun_characters=900)
    found = Found(
        "SQLite", 2, calls, rested_seconds=9.0, jobs=8, jobs_done=8, keys=20, asked=950, counted=1000.0, usage=880.0
    )
    return all(row.met is not False for row in judge(replace(found, **bad)))


def test_two_servers_that_lose_nothing_are_right() -> None:
    assert is_right()


@pytest.mark.parametrize(
    "bad",
    [
        {"rested_seconds": 31.0},
        {"jobs_done": 7},
        {"jobs": 0, "jobs_done": 0},
        {"results_missing": 1},
        {"keys": 0},
        {"keys_lost": 1},
        {"counted": 899.0},
        {"usage": 951.0},
        {"audit": "entry 3 was changed"},
    ],
)
def test_two_that_lose_or_count_something_wrong_are_not(bad: dict[str, Any]) -> None:
    assert not is_right(**bad)


def test_nor_are_two_that_fail_a_call_without_a_reason() -> None:
    calls = Ledger(begun_characters=900)
    calls.failed("speech", BadAnswer("POST /tts", 500, "internal_error"))
    assert not is_right(calls=calls)
