"""Whatever the server stands on is killed under load and started again: no known key notices, nothing is lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from benchmarks.client import BadAnswer
from benchmarks.postgres import PostgreSQL, program, running_postgres
from benchmarks.redis import PROGRAM, RedisServer, running_redis
from benchmarks.result import Row, milliseconds
from benchmarks.server import Server, running
from load.callers import Limited, Transcriber
from load.desk import PLENTY, SETTINGS, Desk, Missing, audit_fault, first_key, used
from load.ledger import Answer, Ledger, seconds_of
from load.traffic import Caller, Speaker, traffic

AROUND_SECONDS = 2.0
"""Load before the fault and after it."""
KEYS = 4
FEW = 10
"""Requests a minute of the key that is limited."""
LIMITS = {"characters_per_month": PLENTY, "requests_per_minute": PLENTY, "audio_seconds_out_per_month": PLENTY}


class Fault(Protocol):
    """Something that the server stands on, and that can be away."""

    name: str
    part: str
    """Its name in /ready."""
    holds_keys: bool
    """While it is away keys cannot be changed."""

    @property
    def settings(self) -> Mapping[str, Any]: ...

    def kill(self) -> None: ...

    def start(self) -> None: ...


class PostgresFault:
    name, part, holds_keys = "PostgreSQL", "database", True

    def __init__(self, server: PostgreSQL) -> None:
        self.settings: Mapping[str, Any] = {"database": {"url": server.new_database()}}
        self.kill, self.start = server.kill, server.start


class RedisFault:
    """It keeps nothing: what comes back is empty."""

    name, part, holds_keys = "Redis", "redis", False

    def __init__(self, server: RedisServer) -> None:
        self.settings: Mapping[str, Any] = {"limits": {"redis_url": server.url}}
        self.kill, self.start = server.kill, server.start


@dataclass(slots=True)
class Outcome:
    name: str
    seconds: float
    """For which it was away."""
    ledger: Ledger = field(default_factory=Ledger)
    killed_at: float = 0.0
    started_at: float = 0.0
    told: str = ""
    """What /ready said of it meanwhile."""
    change: str = ""
    """Status of a change of keys meanwhile."""
    right_change: str = "503"
    limited: Ledger = field(default_factory=Ledger)
    """What a key with few requests a minute saw, all the time."""
    back_seconds: float = 0.0
    usage: Mapping[str, float] = field(default_factory=dict)
    quota_characters: float = 0.0
    audit: str = ""


def run_postgres(seconds: float) -> list[Row]:
    """PostgreSQL is away for so long."""
    if program("initdb") is None:
        raise Missing("PostgreSQL is not installed")
    with running_postgres() as server:
        return _run(PostgresFault(server), seconds)


def run_redis(seconds: float) -> list[Row]:
    """Redis is away for so long."""
    if PROGRAM is None:
        raise Missing("redis-server is not installed")
    with running_redis() as server:
        return _run(RedisFault(server), seconds)


def _run(fault: Fault, seconds: float) -> list[Row]:
    with running({**SETTINGS, **fault.settings}) as server:
        admin = first_key(server)
        outcome = asyncio.run(_outage(server, Desk(server.port, admin), fault, seconds))
        outcome.audit = audit_fault(server)
    return judge(outcome)


async def _outage(server: Server, desk: Desk, fault: Fault, seconds: float) -> Outcome:
    outcome = Outcome(fault.name, seconds, right_change="503" if fault.holds_keys else "201")
    keys = [await desk.new_key(limits=LIMITS) for _ in range(KEYS)]
    callers: list[Caller] = [Speaker(server.port, key.text, stream=bool(at % 2)) for at, key in enumerate(keys)]
    callers.append(Transcriber(server.port, keys[0].text))
    limited = Limited(server.port, (await desk.new_key(limits={"requests_per_minute": FEW})).text)
    async with traffic(callers, outcome.ledger), traffic([limited], outcome.limited):
        await outcome.ledger.came.wait()
        await asyncio.sleep(AROUND_SECONDS)
        outcome.killed_at = time.monotonic()
        await asyncio.to_thread(fault.kill)
        await desk.until(fault.part, "away")
        outcome.told = "away"
        outcome.change = await _change(desk)
        await asyncio.sleep(max(0.0, outcome.killed_at + seconds - time.monotonic()))
        await asyncio.to_thread(fault.start)
        outcome.started_at = time.monotonic()
        outcome.back_seconds = await desk.until(fault.part, "up")
        await asyncio.sleep(AROUND_SECONDS)
    outcome.usage = await desk.settled_usage(keys, len(outcome.ledger.answers))
    counted = [await used(server.port, key.text) for key in keys]
    outcome.quota_characters = sum(each["characters_per_month"] for each in counted)
    await desk.new_key()
    return outcome


async def _change(desk: Desk) -> str:
    """The status of a change of keys."""
    try:
        await desk.new_key()
    except BadAnswer as error:
        return str(error.status)
    return "201"


def judge(outcome: Outcome) -> list[Row]:
    ledger, name = outcome.ledger, outcome.name
    lost = len(ledger.answers) - outcome.usage["operations"]
    lost_characters = ledger.characters() - outcome.usage["characters"]
    below = max(0.0, ledger.characters() - outcome.quota_characters)
    away = f"{name} killed for {outcome.seconds:g} s under load"
    during = [each for each in ledger.answers if outcome.killed_at <= each.at <= outcome.started_at]
    return [
        Row(
            f"{away}: failed requests of known keys",
            "0",
            f"{ledger.told()} of {len(ledger.answers) + ledger.failed_calls}, {len(during)} answered meanwhile",
            ledger.failed_calls == 0 and bool(during),
            {"failed": ledger.failed_calls, "answered": len(ledger.answers), "answered_meanwhile": len(during)},
        ),
        Row(
            f"{away}: operations and characters lost from usage",
            "0; 0",
            f"{lost:.0f}; {lost_characters:.0f}",
            lost == lost_characters == 0,
            {"lost_operations": lost, "lost_characters": lost_characters},
        ),
        Row(f"{away}: quota counters below what was served", "0", f"{below:.0f} characters", below == 0),
        Row(
            f"{away}: /ready meanwhile; a change of keys",
            f"away; {outcome.right_change}",
            f"{outcome.told}; {outcome.change}",
            (outcome.told, outcome.change) == ("away", outcome.right_change),
        ),
        _rate(away, outcome.limited),
        Row(f"{away}: the audit trail", "verifies", outcome.audit or "verifies", not outcome.audit),
        Row(f"{away}: seconds until it was found again", "", f"{outcome.back_seconds:.1f} s"),
        Row(f"{away}: p99 of an answer before / meanwhile", "", _p99s(ledger.answers, during, outcome.killed_at)),
    ]


def _rate(away: str, limited: Ledger) -> Row:
    """A moving window never admits more in a minute than it may, whoever counts."""
    times = [each.at for each in limited.answers if each.kind == Limited.kind]
    most = max((sum(first <= at < first + 60.0 for at in times) for first in times), default=0)
    return Row(
        f"{away}: requests of a key with {FEW} a minute that were admitted within one",
        f"1 to {FEW}",
        f"{most}" + (f"; failed: {limited.told()}" if limited.failed_calls else ""),
        0 < most <= FEW and limited.failed_calls == 0,
        {"admitted": most},
    )


def _p99s(answers: list[Answer], during: list[Answer], killed_at: float) -> str:
    before = [each for each in answers if each.at < killed_at]
    return f"{milliseconds(seconds_of(before, 0.99))} / {milliseconds(seconds_of(during, 0.99))}"
