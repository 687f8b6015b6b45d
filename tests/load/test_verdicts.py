"""Verdicts of the programs: each promise that did not hold fails a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.client import BadAnswer
from benchmarks.result import Row
from load import churn, clock, disk, kills, outage, vanishing
from load.churn import Churn
from load.clock import Found
from load.disk import ACTIONS, KEPT, Filled
from load.kills import Round
from load.ledger import Answer, Ledger
from load.outage import Outcome, Served
from load.resources import MIB, Busy, Held
from load.vanishing import MORE_MEMORY, Cost, Left

GOOD_ROUND = Round(1000, 60.0, 600, 5000.0, 5000.0, 800.0, 0)


def held(rows: Sequence[Row]) -> bool:
    return all(row.met is not False for row in rows)


def test_a_killed_server_that_counted_too_much_is_right() -> None:
    assert held(kills.judge([GOOD_ROUND] * 20, ""))


@pytest.mark.parametrize(
    "bad",
    [
        {"counted_characters": 999.0},
        {"counted_seconds": 59.0},
        {"usage_characters": 599.0},
        {"usage_characters": 1001.0},
        {"orphans": 1},
    ],
)
def test_one_that_counted_too_little_is_not(bad: dict[str, Any]) -> None:
    assert not held(kills.judge([GOOD_ROUND, replace(GOOD_ROUND, **bad)], ""))


def test_what_was_lost_in_one_round_is_not_made_good_by_another() -> None:
    lost, kept = (replace(GOOD_ROUND, usage_characters=characters) for characters in (0.0, 1000.0))
    assert not held(kills.judge([lost, kept], ""))


def test_nor_is_one_whose_audit_trail_is_broken() -> None:
    assert not held(kills.judge([GOOD_ROUND], "Entry 3 was removed."))


def survived() -> Outcome:
    return Outcome(
        name="PostgreSQL",
        seconds=4.0,
        served=[served(20, 3.0), served(20, 3.0)],
        killed_at=2.0,
        started_at=6.0,
        told="away",
        change="503",
        limited=limited(*range(10), 61),
        usage={"operations": 4.0, "characters": 40.0},
    )


def served(characters: float, seconds: float) -> Served:
    """A key that had 20 characters and 3 s, and whose quotas say this."""
    ledger = Ledger([Answer("speech", at, 0.1, 10) for at in (1.0, 5.0)], begun_characters=20, audio_seconds=3.0)
    return Served(ledger, {"characters_per_month": characters, "audio_seconds_out_per_month": seconds})


def test_what_was_admitted_within_a_minute_is_not_told_by_when_its_answers_came() -> None:
    slow = [Answer("limited key", 5.0, 5.0 - at / 10) for at in range(10)]
    outcome = replace(survived(), limited=Ledger([*slow, Answer("limited key", 60.2, 0.1)]))
    assert held(outage.judge(outcome))


def limited(*admitted: float) -> Ledger:
    """A key whose requests were admitted at these times."""
    return Ledger([Answer("limited key", at, 0.1) for at in admitted])


def test_an_outage_that_nobody_noticed_is_right() -> None:
    assert held(outage.judge(survived()))


@pytest.mark.parametrize(
    "bad",
    [
        {"usage": {"operations": 3.0, "characters": 40.0}},
        {"usage": {"operations": 4.0, "characters": 41.0}},
        {"served": [served(19, 3.0), served(500, 3.0)]},
        {"served": [served(20, 2.9), served(20, 60.0)]},
        {"told": "up"},
        {"change": "201"},
        {"limited": limited(*range(10), 59)},
        {"limited": Ledger()},
        {"audit": "Entry 3 was changed."},
        {"killed_at": 6.0, "started_at": 8.0},  # nobody was answered meanwhile
    ],
)
def test_one_that_was_noticed_or_lost_something_is_not(bad: dict[str, Any]) -> None:
    assert not held(outage.judge(replace(survived(), **bad)))


def test_nor_is_one_with_a_failed_request() -> None:
    outcome = survived()
    outcome.served[1].ledger.failed("speech", BadAnswer("POST /tts", 503, "away"))
    rows = outage.judge(outcome)
    assert not held(rows) and "503" in rows[0].measured


HOLDS = Held(memory=100 * MIB, descriptors=20, threads=10, children=0)
NOTHING_LEFT = Left(
    100, HOLDS, HOLDS, Busy(0, 0, 0, 0, 0), {"in the body": Cost(0, 0, 0), "in mid-stream": Cost(50, 50, 50)}, 4, 0
)


def test_clients_of_whom_nothing_is_left_are_right() -> None:
    assert held(vanishing.judge(NOTHING_LEFT))


@pytest.mark.parametrize(
    "bad",
    [
        {"busy": Busy(0, 1, 0, 0, 0)},
        {"busy": Busy(0, 0, 0, 1, 0)},
        {"after": replace(HOLDS, descriptors=40)},
        {"after": replace(HOLDS, children=1)},
        {"after": replace(HOLDS, memory=HOLDS.memory + MORE_MEMORY)},
        {"costs": {"in the body": Cost(0, 0, 1)}},
        {"costs": {"in mid-stream": Cost(50, 50, 49)}},
        {"free_places": 3},
        {"refused": 1},
    ],
)
def test_those_who_left_something_are_not(bad: dict[str, Any]) -> None:
    assert not held(vanishing.judge(replace(NOTHING_LEFT, **bad)))


def churned() -> Churn:
    return Churn(2, Ledger([Answer("speech", 1.0, 0.1, 10)]), [0.1, 1.5], [0.2, 1.9], 1 * MIB)


def test_keys_that_come_and_go_in_time_are_right() -> None:
    assert held(churn.judge(churned()))


@pytest.mark.parametrize(
    "bad",
    [
        {"open_seconds": [0.2, 2.2]},
        {"open_seconds": [0.2]},
        {"unknown_seconds": [0.2, 2.2]},
        {"memory": 100 * MIB},
        {"others": Ledger()},
    ],
)
def test_those_that_stay_or_disturb_are_not(bad: dict[str, Any]) -> None:
    assert not held(churn.judge(replace(churned(), **bad)))


def set_back() -> Found:
    others = Ledger([Answer("speech", 1.0, 0.1, 10)])
    return Found((5, 5), 0, 0, 10, 55.0, others, clock.LONG_SECONDS, "401", "200", "200", 1.0, "")


def test_a_clock_that_changed_nothing_is_right() -> None:
    assert held(clock.judge(set_back()))


@pytest.mark.parametrize(
    "bad",
    [
        {"again": 1},
        {"after_restart": 1},
        {"partly": 11},
        {"retry_after": 3600.0},
        {"stream_seconds": 5.0},
        {"revoked": "200"},
        {"fresh": "401"},
        {"usage_operations": 0.0},
        {"audit": "Entry 3 was moved."},
    ],
)
def test_one_that_gave_something_twice_is_not(bad: dict[str, Any]) -> None:
    assert not held(clock.judge(replace(set_back(), **bad)))


def filled() -> Filled:
    with_room, without = (dict(zip(ACTIONS, each, strict=True)) for each in ((200, 201, 200), (507, 507, 507)))
    ledger = Ledger([Answer("speech", 1.0, 0.1, 10)])
    return Filled(ledger, with_room, without, with_room, 503, "away", 1.0, 1.0, KEPT)


def test_a_full_disk_that_is_told_is_right() -> None:
    assert held(disk.judge(filled())) and held(disk.judge(replace(filled(), key_status=201, told="up")))


@pytest.mark.parametrize(
    "bad",
    [
        {"full": dict.fromkeys(ACTIONS, 500)},
        {"after": dict.fromkeys(ACTIONS, 507)},
        {"told": "up"},
        {"usage_operations": 0.0},
        {"listed": KEPT + 1},
        {"incomplete": [".a.wav.tmp"]},
    ],
)
def test_one_that_is_not_told_or_loses_something_is_not(bad: dict[str, Any]) -> None:
    assert not held(disk.judge(replace(filled(), **bad)))
