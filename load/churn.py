"""Keys made and revoked during traffic: others notice nothing, a revoked key opens nothing, no memory is kept of it.

Two servers on one database: keys are made at the first, used at both, revoked at the first, and must end at both.
Revoked keys are wrong ones, which slow down new ones of the same address that a server has not heard of yet: those
get a moment.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.client import BadAnswer, Connection
from benchmarks.result import Row, milliseconds
from benchmarks.server import Server, running
from load.desk import PATIENCE_SECONDS, SETTINGS, Desk, first_key
from load.ledger import Ledger, seconds_of
from load.resources import MIB, held, megabytes
from load.traffic import Speaker, traffic

HANDS = 4
"""Keys in hand at once."""
CALLERS = 4
WARM_UP_KEYS = 4
REFUSED = (401, 429)
"""429: many wrong keys came from this address; that opens nothing either."""
MOST_SECONDS = 2.0
"""Until other servers know a new key, and a revoked one opens nothing there, beside what the slowest answer took."""
POLL_SECONDS = 0.05
MORE_MEMORY = 32 * MIB
"""Of both servers together; a thousand revoked keys are known for as long as their rows are kept."""


@dataclass(slots=True)
class Churn:
    keys: int
    others: Ledger = field(default_factory=Ledger)
    """What clients with keys of their own saw."""
    unknown_seconds: list[float] = field(default_factory=list)
    """For each key, how long it took until both servers answered it."""
    open_seconds: list[float] = field(default_factory=list)
    """For each key that came to an end, for how long after that some server still answered it."""
    memory: int = 0
    """Bytes more than before."""


def run(keys: float) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="load-churn-") as folder, ExitStack() as stack:
        settings = {**SETTINGS, "database": SETTINGS["database"] | {"url": f"sqlite:///{Path(folder) / 'stts.db'}"}}
        first = stack.enter_context(running(settings))
        desk = Desk(first.port, first_key(first))
        servers = [first, stack.enter_context(running(settings))]
        return judge(asyncio.run(_churned(servers, desk, int(keys))))


async def _churned(servers: list[Server], desk: Desk, keys: int) -> Churn:
    churn = Churn(keys)
    other = (await desk.new_key()).text
    callers = [Speaker(servers[at % 2].port, other, stream=bool(at // 2 % 2)) for at in range(CALLERS)]
    async with traffic(callers, churn.others):
        await _make_and_revoke(servers, desk, Churn(WARM_UP_KEYS))
        before = _memory(servers)
        await _make_and_revoke(servers, desk, churn)
        churn.memory = _memory(servers) - before
    return churn


def _memory(servers: list[Server]) -> int:
    return sum(held(server).memory for server in servers)


async def _make_and_revoke(servers: list[Server], desk: Desk, churn: Churn) -> None:
    waiting = iter(range(churn.keys))

    async def hand() -> None:
        for _ in waiting:
            await _life(servers, desk, churn)

    await asyncio.gather(*(hand() for _ in range(HANDS)))


async def _life(servers: list[Server], desk: Desk, churn: Churn) -> None:
    """One key, from its making to the moment at which no server answers it."""
    key = await desk.new_key(limits={"requests_per_minute": 1000})
    made = time.monotonic()
    for server in servers:
        await _until_answered(server.port, key.text, made)
    churn.unknown_seconds.append(time.monotonic() - made)
    await desk.ask("DELETE", f"/admin/keys/{key.id}")
    ended = time.monotonic()
    found = [await _last_answer(server.port, key.text, ended) for server in servers]
    last = [each for each in found if each is not None]
    if len(last) == len(servers):
        churn.open_seconds.append(max(last) - ended)


async def _until_answered(port: int, key: str, made: float) -> None:
    """Speaks with a key as soon as the server knows it. Raises BadAnswer."""
    while True:
        speaker = Speaker(port, key)
        try:
            await speaker.call(Ledger())
            break
        except BadAnswer as error:
            if error.status not in REFUSED or time.monotonic() > made + PATIENCE_SECONDS:
                raise
        finally:
            speaker.leave()
        await asyncio.sleep(POLL_SECONDS)


async def _last_answer(port: int, key: str, ended: float) -> float | None:
    """When the last request began that was answered still, `ended` if there was none; None: there is no end of them."""
    last = ended
    while (began := time.monotonic()) < ended + PATIENCE_SECONDS:
        try:
            async with Connection(port, key) as connection:
                async for _ in connection.request("GET", "/me"):
                    pass
        except BadAnswer as error:
            if error.status in REFUSED:
                return last
            raise
        last = began
        await asyncio.sleep(POLL_SECONDS)
    return None


def judge(churn: Churn) -> list[Row]:
    longest = max(churn.open_seconds, default=0.0)
    unknown = max(churn.unknown_seconds, default=0.0)
    slowest = max((each.seconds for each in churn.others.answers), default=0.0)
    what = f"{churn.keys} keys made and revoked during traffic"
    figures: Mapping[str, Any] = {"longest_open_s": longest, "memory_bytes": churn.memory}
    known, ended = len(churn.unknown_seconds), len(churn.open_seconds)
    return [
        Row(
            f"{what}: failed requests of other keys",
            "0",
            f"{churn.others.told()} of {len(churn.others.answers) + churn.others.failed_calls}",
            churn.others.failed_calls == 0 and bool(churn.others.answers),
        ),
        Row(
            f"{what}: answered by both servers; opened nothing on either in the end",
            f"{churn.keys}; {churn.keys}",
            f"{known}; {ended}",
            known == ended == churn.keys,
        ),
        Row(
            f"{what}: longest time until a new one was answered by both servers",
            f"< {MOST_SECONDS:g} s and the slowest answer",
            milliseconds(unknown),
            unknown < MOST_SECONDS + slowest,
            {"longest_unknown_s": unknown},
            timed=True,
        ),
        Row(
            f"{what}: longest time for which a revoked one opened something, on either server",
            f"< {MOST_SECONDS:g} s and the slowest answer",
            f"{milliseconds(longest)} (slowest answer {milliseconds(slowest)})",
            longest < MOST_SECONDS + slowest,
            figures,
            timed=True,
        ),
        Row(
            f"{what}: memory of both servers more than before",
            f"< {megabytes(MORE_MEMORY)}",
            megabytes(churn.memory),
            churn.memory < MORE_MEMORY,
        ),
        Row(f"{what}: p99 of others", "", milliseconds(seconds_of(churn.others.answers, 0.99))),
    ]
