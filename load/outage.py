"""Whatever the server stands on is killed under load and started again: no known key notices, nothing is lost."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from benchmarks.client import BadAnswer
from benchmarks.postgres import PostgreSQL, program, running_postgres
from benchmarks.redis import PROGRAM, RedisServer, running_redis
from benchmarks.result import Row, milliseconds
from benchmarks.server import Server, running_in
from load.callers import Limited, Transcriber
from load.desk import PLENTY, SETTINGS, Desk, Key, Missing, audit_fault, first_key, used
from load.ledger import Answer, Ledger, all_answered, seconds_of
from load.traffic import CALL_SECONDS, Caller, Speaker, traffic

AROUND_SECONDS = 2.0
"""Load before the fault and after it."""
KEYS = 4
ROUNDING_SECONDS = 0.01
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
        self.settings: Mapping[str, Any] = {"database": SETTINGS["database"] | {"url": server.new_database()}}
        self.kill, self.start = server.kill, server.start


class RedisFault:
    """It keeps nothing: what comes back is empty."""

    name, part, holds_keys = "Redis", "redis", False

    def __init__(self, server: RedisServer) -> None:
        self.settings: Mapping[str, Any] = {"limits": {"redis_url": server.url}}
        self.kill, self.start = server.kill, server.start


@dataclass(frozen=True, slots=True)
class Served:
    """What the clients of one key had, and what its quotas say of it."""

    ledger: Ledger
    counted: Mapping[str, float]

    @property
    def is_short(self) -> bool:
        """True if something was given away: a block was counted before its first part was served."""
        return (
            self.counted["characters_per_month"] < self.ledger.begun_characters
            or self.counted["audio_seconds_out_per_month"] < self.ledger.audio_seconds - ROUNDING_SECONDS
        )


@dataclass(slots=True)
class Outcome:
    name: str
    seconds: float
    """For which it was away."""
    served: Sequence[Served] = ()
    """By key."""
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
    settings = {**SETTINGS, **fault.settings}
    with tempfile.TemporaryDirectory(prefix="load-outage-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with running_in(folder, settings) as server:
            outcome, ledgers = asyncio.run(_outage(server, fault, seconds))
            outcome.audit = audit_fault(server)
            server.process.kill()
        counted = counted_by(folder, settings, list(ledgers))
    outcome.served = [Served(ledger, counted[key]) for key, ledger in ledgers.items()]
    return judge(outcome)


def counted_by(folder: Path, settings: Mapping[str, Any], keys: Sequence[Key]) -> dict[Key, dict[str, float]]:
    """The quotas that the database holds, as a server tells them that starts on it."""

    async def counted(server: Server) -> dict[Key, dict[str, float]]:
        return {key: await used(server.port, key.text) for key in keys}

    with running_in(folder, settings) as server:
        return asyncio.run(counted(server))


async def _outage(server: Server, fault: Fault, seconds: float) -> tuple[Outcome, dict[Key, Ledger]]:
    desk = Desk(server.port, await asyncio.to_thread(first_key, server))
    outcome = Outcome(fault.name, seconds, right_change="503" if fault.holds_keys else "201")
    ledgers = {await desk.new_key(limits=LIMITS): Ledger() for _ in range(KEYS)}
    limited = Limited(server.port, (await desk.new_key(limits={"requests_per_minute": FEW})).text)
    async with AsyncExitStack() as load:
        await load.enter_async_context(traffic([limited], outcome.limited))
        for number, (key, ledger) in enumerate(ledgers.items()):
            await load.enter_async_context(traffic(_callers(server.port, key, number), ledger))
        for ledger in ledgers.values():
            await ledger.came.wait()
        await asyncio.sleep(AROUND_SECONDS)
        outcome.killed_at = time.monotonic()
        await asyncio.to_thread(fault.kill)
        await desk.until(fault.part, "away")
        outcome.told = "away"
        outcome.change = await _change(desk)
        await all_answered(ledgers.values(), CALL_SECONDS)
        await asyncio.sleep(max(0.0, outcome.killed_at + seconds - time.monotonic()))
        await asyncio.to_thread(fault.start)
        outcome.started_at = time.monotonic()
        outcome.back_seconds = await desk.until(fault.part, "up")
        await asyncio.sleep(AROUND_SECONDS)
    outcome.usage = await desk.settled_usage(list(ledgers), len(Ledger.joined(ledgers.values()).answers))
    await desk.new_key()
    return outcome, ledgers


def _callers(port: int, key: Key, number: int) -> list[Caller]:
    """Each key speaks, every other one as a stream, and the first one listens too."""
    speaker = Speaker(port, key.text, stream=bool(number % 2))
    return [speaker, *([Transcriber(port, key.text)] if number == 0 else [])]


async def _change(desk: Desk) -> str:
    """The status of a change of keys."""
    try:
        await desk.new_key()
    except BadAnswer as error:
        return str(error.status)
    return "201"


def judge(outcome: Outcome) -> list[Row]:
    ledger, name = Ledger.joined(each.ledger for each in outcome.served), outcome.name
    lost = len(ledger.answers) - outcome.usage["operations"]
    lost_characters = ledger.characters() - outcome.usage["characters"]
    short = sum(each.is_short for each in outcome.served)
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
        Row(
            f"{away}: keys whose quotas in the database are below what was served",
            "0",
            f"{short} of {len(outcome.served)}",
            short == 0,
            {"keys_short": short},
        ),
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
    """A moving window never admits more in a minute than it may, whoever counts: those that were asked for and answered
    within one, since nobody but the server knows when it admitted them."""
    admitted = [each for each in limited.answers if each.kind == Limited.kind]
    most = max(
        (sum(first.began <= each.began and each.at < first.began + 60.0 for each in admitted) for first in admitted),
        default=0,
    )
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
