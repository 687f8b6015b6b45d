"""`kill -9` under load, again and again: quotas never count less than was served, usage loses 5 s at most.

Each round starts the server on the same data. What was served is counted by the clients: the texts of which any audio
came, and the audio that came.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import psutil

from benchmarks.result import Row
from benchmarks.server import Server, running_in
from load.desk import PATIENCE_SECONDS, PLENTY, SETTINGS, Desk, Key, audit_fault, first_key, used
from load.ledger import Ledger
from load.traffic import Speaker, traffic

LOSABLE_SECONDS = 5.0
"""What usage may lose."""
SHORTEST, LONGEST = 6.0, 9.0
"""Seconds of load in a round."""
CALLERS = 6
LIMITS = {"characters_per_month": PLENTY, "audio_seconds_out_per_month": PLENTY}


@dataclass(frozen=True, slots=True)
class Round:
    """What clients had from one life of the server, and what the next one found."""

    served_characters: int
    served_seconds: float
    written_by_then: int
    """Characters of answers that were whole so long before the end that usage must have them."""
    counted_characters: float
    """By the quota, since the round before."""
    counted_seconds: float
    usage_characters: float
    orphans: int
    """Processes of the server that lived on."""


def run(kills: float) -> list[Row]:
    return judge(*asyncio.run(_rounds(int(kills))))


def judge(rounds: list[Round], audit: str) -> list[Row]:
    """One row for each promise. `audit`: what is wrong with the trail in the end."""
    # A block was counted before its first part was served: only what is below zero was given away.
    short = sum(
        each.counted_characters < each.served_characters or each.counted_seconds < each.served_seconds - 0.01
        for each in rounds
    )
    lost = sum(max(0.0, each.written_by_then - each.usage_characters) for each in rounds)
    twice = sum(max(0.0, each.usage_characters - each.served_characters) for each in rounds)
    served = sum(each.served_characters for each in rounds)
    counted = sum(each.counted_characters for each in rounds)
    orphans = sum(each.orphans for each in rounds)
    return [
        Row(
            f"kill -9 under load, {len(rounds)} times: quota counters below what was really served",
            "never",
            f"{short} times ({counted:.0f} characters counted, {served} served)",
            short == 0,
            {"rounds_short": short, "counted_characters": counted, "served_characters": served},
        ),
        Row(
            f"usage lost of what was answered more than {LOSABLE_SECONDS:g} s before a kill",
            "0 characters",
            f"{lost:.0f} of {sum(each.written_by_then for each in rounds)} characters",
            lost == 0,
            {"lost_characters": lost},
            timed=True,
        ),
        Row("usage beyond what was served", "0 characters", f"{twice:.0f} characters", twice == 0),
        Row("the audit trail", "verifies", audit or "verifies", not audit),
        Row("processes that outlived their server", "0", str(orphans), orphans == 0, {"orphans": orphans}),
    ]


async def _rounds(kills: int) -> tuple[list[Round], str]:
    """All rounds, and what is wrong with the audit trail afterwards."""
    chance = random.Random(1)
    with tempfile.TemporaryDirectory(prefix="load-kills-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        lives: list[_Life] = []
        access: _Access | None = None
        for number in range(kills + 1):
            with running_in(folder, SETTINGS) as server:
                access = access or await _access(server)
                life = _Life(await _kept(server, access))
                lives.append(life)
                if number < kills:
                    await _load_and_kill(server, access, life, chance.uniform(SHORTEST, LONGEST))
                else:
                    audit = await asyncio.to_thread(audit_fault, server)
    return [_round(life, following.found) for life, following in pairwise(lives)], audit


@dataclass(frozen=True, slots=True)
class _Access:
    admin: str
    key: Key


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the database says of the key."""

    characters: float
    seconds: float
    usage_characters: float


@dataclass(slots=True)
class _Life:
    """One run of the server."""

    found: _Kept
    ledger: Ledger = field(default_factory=Ledger)
    killed_at: float = 0.0
    orphans: int = 0


async def _access(server: Server) -> _Access:
    admin = await asyncio.to_thread(first_key, server)
    return _Access(admin, await Desk(server.port, admin).new_key(limits=LIMITS))


async def _kept(server: Server, access: _Access) -> _Kept:
    counted = await used(server.port, access.key.text)
    usage = await Desk(server.port, access.admin).usage()
    return _Kept(
        counted["characters_per_month"],
        counted["audio_seconds_out_per_month"],
        usage.get(access.key.id, {}).get("characters", 0.0),
    )


async def _load_and_kill(server: Server, access: _Access, life: _Life, seconds: float) -> None:
    callers = [Speaker(server.port, access.key.text, stream=bool(number % 2)) for number in range(CALLERS)]
    async with traffic(callers, life.ledger):
        await life.ledger.came.wait()
        await asyncio.sleep(seconds)
        family = [server.process, *server.process.children(recursive=True)]
        life.killed_at = time.monotonic()
        server.process.kill()
    _, alive = await asyncio.to_thread(psutil.wait_procs, family, PATIENCE_SECONDS)
    life.orphans = len(alive)


def _round(life: _Life, after: _Kept) -> Round:
    ledger, before = life.ledger, life.found
    return Round(
        ledger.begun_characters,
        ledger.audio_seconds,
        ledger.characters(life.killed_at - LOSABLE_SECONDS),
        after.characters - before.characters,
        after.seconds - before.seconds,
        after.usage_characters - before.usage_characters,
        life.orphans,
    )
