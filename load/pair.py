"""Two servers on one storage root: again and again one of them is killed under load and started anew.

Both speak, make keys and work on jobs. What one has accepted is known to the other, whichever of them is killed.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.postgres import running_postgres
from benchmarks.redis import running_redis
from benchmarks.result import Row
from load.desk import PLENTY, SETTINGS, Desk, audit_fault, used
from load.ledger import Ledger
from load.sides import KeyMaker, Side, SpeakingVisitor, patiently
from load.traffic import traffic

JOBS_AT_EACH = 2
ITEMS = 60
LOOKED_AT = (0, ITEMS // 2, ITEMS - 1)
"""Items whose results are asked of both."""
SPEAKERS_AT_EACH = 2
LIMITS = {"characters_per_month": PLENTY}
LEASE_SECONDS = 5.0
TAKEN_SECONDS = 30.0
"""Until a job whose server was killed goes on at the other: its lease, the look for it, and what a busy one takes."""


@dataclass(slots=True)
class Found:
    """What clients saw, and what was there in the end."""

    name: str
    rounds: int
    calls: Ledger = field(default_factory=Ledger)
    """Its failures are those that neither a kill nor a time to try again explains."""
    rested_seconds: float = 0.0
    """The longest that a job stood still after a kill."""
    jobs: int = 0
    jobs_done: int = 0
    results_missing: int = 0
    """Of those that both were asked for."""
    keys: int = 0
    keys_lost: int = 0
    asked: int = 0
    """Characters that clients asked for, also where the answer was lost with a server."""
    counted: float = 0.0
    """Characters of the key that spoke, by its quota."""
    usage: float = 0.0
    """The same by usage, which may lose the last seconds before a kill."""
    audit: str = ""


@dataclass(frozen=True, slots=True)
class Keys:
    admin: str
    speaker: str
    speaker_id: str
    worker: str


def run(rounds: float) -> list[Row]:
    return judge(asyncio.run(_found("SQLite", {}, int(rounds))))


def run_shared(rounds: float) -> list[Row]:
    with running_postgres() as postgres, running_redis() as redis:
        shared = {"database": {"url": postgres.new_database()}, "limits": {"redis_url": redis.url}}
        return judge(asyncio.run(_found("PostgreSQL and Redis", shared, int(rounds))))


def judge(found: Found) -> list[Row]:
    """One row for each promise."""
    served = found.calls.begun_characters
    over = max(0.0, found.usage - found.asked)
    return [
        Row(
            f"two servers on one root ({found.name}), one killed {found.rounds} times: calls that failed unexplained",
            "0",
            found.calls.told(),
            not found.calls.failed_calls,
        ),
        Row(
            "their jobs end, and both give the results",
            "all",
            f"{found.jobs_done} of {found.jobs} jobs, {found.results_missing} results missing",
            0 < found.jobs == found.jobs_done and not found.results_missing,
        ),
        Row(
            "keys that somebody was told of and one of them does not know",
            "0",
            f"{found.keys_lost} of {found.keys}",
            found.keys > 0 and not found.keys_lost,
        ),
        Row(
            "their quotas: below what was served",
            "never",
            f"{found.counted:.0f} characters counted, {served} served",
            0 < served <= found.counted,
        ),
        Row("their usage beyond what was asked for", "0 characters", f"{over:.0f} characters", over == 0),
        Row("their audit trail", "verifies", found.audit or "verifies", not found.audit),
        Row(
            "a job of the killed one goes on at the other",
            f"<= {TAKEN_SECONDS:g} s",
            f"{found.rested_seconds:.1f} s",
            found.rested_seconds <= TAKEN_SECONDS,
            {"rested_seconds": found.rested_seconds},
            timed=True,
        ),
    ]


async def _found(name: str, shared: Mapping[str, Any], rounds: int) -> Found:
    found = Found(name, rounds)
    with tempfile.TemporaryDirectory(prefix="load-pair-", ignore_cleanup_errors=True) as folder:
        async with _both(Path(folder), shared) as sides:
            keys = await _keys(Path(folder), sides)
            speakers = [SpeakingVisitor(side, keys.speaker) for side in sides for _ in range(SPEAKERS_AT_EACH)]
            makers = [KeyMaker(side, keys.admin) for side in sides]
            jobs: list[str] = []
            async with traffic([*speakers, *makers], found.calls):
                for number in range(rounds):
                    begun = await _begin_jobs(sides, keys.worker, number)
                    rested = await _kill(sides[number % 2], sides[1 - number % 2], keys.worker, begun)
                    found.rested_seconds = max(found.rested_seconds, rested)
                    jobs += begun
            await _look_at_jobs(found, sides, keys.worker, jobs)
            await _look_at_keys(found, sides, keys.admin, {each.id for maker in makers for each in maker.made})
            found.asked = sum(each.asked for each in speakers)
            found.counted = (await used(sides[0].alive.port, keys.speaker))["characters_per_month"]
            usage = await Desk(sides[1].alive.port, keys.admin).usage()
            found.usage = usage.get(keys.speaker_id, {}).get("characters", 0.0)
            found.audit = await asyncio.to_thread(audit_fault, sides[0].alive)
    return found


@asynccontextmanager
async def _both(folder: Path, shared: Mapping[str, Any]) -> AsyncIterator[list[Side]]:
    """Starts them at once: both want to make the database and the first key."""
    settings = {
        **SETTINGS,
        "storage": {"root": str(folder / "data")},
        "security": {"keys": True, "first_key_file": str(folder / "first")},
        "jobs": {"quiet_seconds": 0, "least_share": 1, "lease_seconds": LEASE_SECONDS},
        "database": {},
        **shared,
    }
    sides = [Side(folder / name, settings) for name in ("a", "b")]
    try:
        await asyncio.gather(*(side.start() for side in sides))
        yield sides
    finally:
        for side in sides:
            await side.stop()


async def _keys(folder: Path, sides: Sequence[Side]) -> Keys:
    async def first() -> str:
        return (folder / "first").read_text(encoding="utf-8").split()[-1]

    admin = await patiently(first)
    desks = [Desk(side.alive.port, admin) for side in sides]
    speaker = await patiently(lambda: desks[0].new_key(limits=LIMITS))
    worker = await patiently(lambda: desks[1].new_key())
    for desk in desks:
        for key in (speaker, worker):
            await patiently(lambda port=desk.port, text=key.text: Desk(port, text).ask("GET", "/me"))  # type: ignore[misc]
    return Keys(admin, speaker.text, speaker.id, worker.text)


async def _begin_jobs(sides: Sequence[Side], worker: str, number: int) -> list[str]:
    """Jobs at both, of which each has begun."""
    begun: list[str] = []
    for side in sides:
        desk = Desk(side.alive.port, worker)
        for at in range(JOBS_AT_EACH):
            items = [{"text": f"Job {number}, {len(begun)} and {at}, says sentence {each}."} for each in range(ITEMS)]
            wanted = {"name": f"job {number}", "format": "wav", "items": items}
            begun.append((await patiently(lambda d=desk, w=wanted: d.ask("POST", "/jobs/speech", w)))["id"])  # type: ignore[misc]
    await patiently(lambda: _done(sides[0].alive.port, worker, begun), lambda done: any(done.values()))
    return begun


async def _kill(victim: Side, survivor: Side, worker: str, jobs: Sequence[str]) -> float:
    """Kills one, and starts it anew once all jobs have gone on; the seconds that took."""
    await victim.kill()
    killed_at = time.monotonic()
    port = survivor.alive.port
    before = await patiently(lambda: _done(port, worker, jobs))
    await patiently(
        lambda: _done(port, worker, jobs),
        lambda done: all(done[job] > before[job] or done[job] == ITEMS for job in jobs),
    )
    rested = time.monotonic() - killed_at
    await victim.start()
    return rested


async def _done(port: int, worker: str, jobs: Sequence[str]) -> dict[str, int]:
    """How many items of each job are done."""
    desk = Desk(port, worker)
    return {job: (await desk.ask("GET", f"/jobs/{job}"))["items"]["done"] for job in jobs}


async def _look_at_jobs(found: Found, sides: Sequence[Side], worker: str, jobs: Sequence[str]) -> None:
    found.jobs = len(jobs)
    port = sides[0].alive.port
    done = await patiently(lambda: _done(port, worker, jobs), lambda done: all(each == ITEMS for each in done.values()))
    found.jobs_done = sum(each == ITEMS for each in done.values())
    for side in sides:
        desk = Desk(side.alive.port, worker)
        for job in jobs:
            for number in LOOKED_AT:
                found.results_missing += not await desk.content(f"/jobs/{job}/items/{number}/content")


async def _look_at_keys(found: Found, sides: Sequence[Side], admin: str, made: set[str]) -> None:
    found.keys = len(made)
    for side in sides:
        found.keys_lost += len(made - await Desk(side.alive.port, admin).key_ids())
