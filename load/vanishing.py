"""Clients that vanish at each stage of a request and of a socket: nothing is left of them, and none costs too much."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.result import Row
from benchmarks.server import HOST, Server, running
from load.desk import PATIENCE_SECONDS, PLENTY, POLL_SECONDS, SETTINGS, Desk, Key, first_key, used
from load.ledger import Ledger
from load.resources import MIB, Busy, Held, held, megabytes, shown, until_idle
from load.stages import STAGES, Stage
from load.traffic import FAILURES, Speaker

AT_ONCE = 50
CONCURRENT = 4
"""Operations at once of the key that tries afterwards whether its places are free again."""
WARM_UP = 0.1
"""Part of the clients that come before anything is measured: a server that was under load keeps more memory."""
MORE_DESCRIPTORS = 4
"""That may come and go: connections of the database, of our own questions."""
MORE_THREADS = min(32, (os.cpu_count() or 1) + 4)
"""The pool of threads that Python makes as they are needed."""
MORE_MEMORY = 96 * MIB
"""However many clients there were: of 10,000 that would be 10 KiB each. Python collects garbage of connections late."""
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: the connection is reset instead of being closed."""
LIMITS = {"characters_per_month": PLENTY, "concurrent": 2 * AT_ONCE, "sessions": 2 * AT_ONCE}


@dataclass(frozen=True, slots=True)
class Cost:
    """Characters of the clients of one stage: what the rule allows, and what was counted."""

    least: float
    most: float
    counted: float

    @property
    def is_right(self) -> bool:
        return self.least <= self.counted <= self.most


@dataclass(frozen=True, slots=True)
class Left:
    """What there was before the clients, and after them."""

    clients: int
    before: Held
    after: Held
    busy: Busy
    costs: dict[str, Cost]
    """By stage."""
    free_places: int
    """Of CONCURRENT operations at once, so many were served."""
    refused: int
    """Clients that the server did not take."""


def run(clients: float) -> list[Row]:
    # Slow enough that a long text lasts while its client leaves.
    options = {"paced": {"block_seconds": 0.1}}
    settings = {**SETTINGS, "engines": {"preload": ["paced", "ear", "espeak"], "options": options}}
    with running(settings) as server:
        return judge(asyncio.run(_vanished(server, Desk(server.port, first_key(server)), int(clients))))


async def _vanished(server: Server, desk: Desk, clients: int) -> Left:
    keys = {stage.name: await desk.new_key(limits=LIMITS) for stage in STAGES}
    await _storm(server.port, keys, list(_stages(max(2 * len(STAGES), int(WARM_UP * clients)))))
    await until_idle(desk, PATIENCE_SECONDS)
    before, already = held(server), await _counted(server.port, keys)
    stages = list(_stages(clients))
    refused = await _storm(server.port, keys, stages)
    busy = await until_idle(desk, PATIENCE_SECONDS)
    after = await _settled(server, before)
    counted = await _counted(server.port, keys)
    costs = {}
    for stage in STAGES:
        times = stages.count(stage)
        more = counted[stage.name] - already[stage.name]
        costs[stage.name] = Cost(times * stage.costs_least, times * stage.costs, more)
    return Left(clients, before, after, busy, costs, await _free_places(server.port, desk), refused)


def _stages(clients: int) -> Iterator[Stage]:
    """Each as often as the others, in an order of chance that is the same each time."""
    stages = [STAGES[number % len(STAGES)] for number in range(clients)]
    random.Random(1).shuffle(stages)
    yield from stages


async def _storm(port: int, keys: dict[str, Key], stages: list[Stage]) -> int:
    """All clients, AT_ONCE at a time. How many were not taken."""
    waiting = iter(enumerate(stages))
    refused = 0

    async def visitors() -> None:
        nonlocal refused
        for number, stage in waiting:
            try:
                await _visit(port, keys[stage.name].text, stage, reset=bool(number % 2))
            except FAILURES:
                refused += 1

    await asyncio.gather(*(visitors() for _ in range(AT_ONCE)))
    return refused


async def _visit(port: int, key: str, stage: Stage, *, reset: bool) -> None:
    """One client: it does what its stage says, and is gone."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        reader, writer = await asyncio.open_connection(HOST, port)
        try:
            await stage.act(reader, writer, key)
        finally:
            if reset:
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()


async def _settled(server: Server, before: Held) -> Held:
    """What it holds, as soon as that is no more than before, or when patience has ended."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_SECONDS
    while True:
        after = held(server)
        if _is_no_more(before, after) or loop.time() > deadline:
            return after
        await asyncio.sleep(POLL_SECONDS)


def _is_no_more(before: Held, after: Held) -> bool:
    return (
        after.descriptors <= before.descriptors + MORE_DESCRIPTORS
        and after.threads <= before.threads + MORE_THREADS
        and after.children <= before.children
    )


async def _counted(port: int, keys: dict[str, Key]) -> dict[str, float]:
    """Characters by the quota of each stage's key."""
    return {name: (await used(port, key.text))["characters_per_month"] for name, key in keys.items()}


async def _free_places(port: int, desk: Desk) -> int:
    """Whether as many operations at once as a key may have are served after its clients have vanished in the middle."""
    key = await desk.new_key(limits={"concurrent": CONCURRENT})
    stage = next(each for each in STAGES if each.name == "in mid-stream")
    await _storm(port, {stage.name: key}, [stage] * CONCURRENT)
    await until_idle(desk, PATIENCE_SECONDS)
    ledger = Ledger()

    async def speak() -> None:
        speaker = Speaker(port, key.text)
        try:
            await speaker.call(ledger)
        except FAILURES as error:
            ledger.failed(speaker.kind, error)
        speaker.leave()

    await asyncio.gather(*(speak() for _ in range(CONCURRENT)))
    return len(ledger.answers)


def judge(left: Left) -> list[Row]:
    what = f"{left.clients} clients that vanish at {len(STAGES)} stages"
    wrong = {name: cost for name, cost in left.costs.items() if not cost.is_right}
    told = "; ".join(
        f"{name}: {each.counted:.0f} of {each.least:.0f} to {each.most:.0f}" for name, each in wrong.items()
    )
    growth = left.after.memory - left.before.memory
    return [
        Row(
            f"{what}: operations, slots, waiting, sessions, files left",
            "0",
            "0" if left.busy.is_idle else shown(left.busy),
            left.busy.is_idle,
        ),
        Row(
            f"{what}: more descriptors, threads, children than before",
            f"<= {MORE_DESCRIPTORS}, {MORE_THREADS}, 0",
            f"{left.after.descriptors - left.before.descriptors}, {left.after.threads - left.before.threads}, "
            f"{left.after.children - left.before.children}",
            _is_no_more(left.before, left.after),
        ),
        Row(f"{what}: stages that cost other characters than the rule says", "none", told or "none", not wrong),
        Row(
            f"operations at once of a key with {CONCURRENT}, whose clients have vanished",
            str(CONCURRENT),
            str(left.free_places),
            left.free_places == CONCURRENT,
        ),
        Row(f"{what}: not taken by the server", "0", str(left.refused), left.refused == 0),
        Row(
            f"{what}: memory more than the {megabytes(left.before.memory)} before",
            f"< {megabytes(MORE_MEMORY)}",
            megabytes(growth),
            growth < MORE_MEMORY,
        ),
    ]
