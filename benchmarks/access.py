"""Cost of keys, limits, usage and audit: the same short speech with and without them, side by side, 10,000 keys; and
with limits in a Redis of its own, where redis-server is installed."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from benchmarks.client import Connection
from benchmarks.redis import PROGRAM, running_redis
from benchmarks.result import Row, milliseconds, quantile
from benchmarks.server import Server, running
from stts.access.administration import Administration, KeyWishes
from stts.access.key_text import KeyText
from stts.access.keys import AccessKey, KeyLimits
from stts.access.roles import Role
from stts.storage.database.address import DatabaseAddress
from stts.storage.database.keys import row_values
from stts.storage.database.stores import Stores
from stts.storage.database.tables import access_keys

KEYS = 10_000
ROUNDS = 3000
WARM_UP = 300
CONNECTIONS = 4
SECONDS = 4.0
REPEATS = 3
TEXT = "The ferry leaves at nine."
BODY = json.dumps({"text": TEXT, "engine": "paced", "stream": False}).encode()
QUIET: Mapping[str, Any] = {
    "logging": {"level": "error"},
    "engines": {"preload": ["paced"], "options": {"paced": {"speed": 1_000_000}}},
}
LIMITS = KeyLimits(
    requests_per_minute=10_000_000, characters_per_month=10**11, audio_seconds_out_per_day=10**9, concurrent=1000
)
MOST_ADDED = {0.5: 0.00015, 0.99: 0.0005}
"""Quantile -> seconds."""
MOST_ADDED_BY_REDIS = {0.5: 0.001, 0.99: 0.003}


@dataclass(slots=True)
class _Latencies:
    seconds: list[float] = field(default_factory=list)
    """Seconds of each request."""
    cpu_seconds: float = 0.0
    """Processor time of the server for one request, that of its work in between included."""


def run() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="benchmark-access-") as folder, ExitStack() as servers:
        file = Path(folder) / "stts.db"
        key = asyncio.run(_seeded(file))
        guarded_settings = {**QUIET, "security": {"keys": True}, "database": {"url": f"sqlite:///{file}"}}
        plain = servers.enter_context(running(QUIET))
        guarded = servers.enter_context(running(guarded_settings))
        times = asyncio.run(_latencies(plain, guarded, key))
        rates = asyncio.run(_rates(plain, guarded, key))
        rows = [*_added(times, "keys, limits, usage and audit on", MOST_ADDED), _share(rates), _start(plain, guarded)]
        if PROGRAM is not None:
            redis = servers.enter_context(running_redis())
            shared = servers.enter_context(running({**guarded_settings, "limits": {"redis_url": redis.url}}))
            times = asyncio.run(_latencies(plain, shared, key))
            rows += _added(times, "the same with limits in Redis on this machine", MOST_ADDED_BY_REDIS)
        return rows


async def _seeded(file: Path) -> str:
    """A database with many keys; the text of one of them."""
    stores = Stores.over(DatabaseAddress.of_file(file, 30.0))
    await stores.database.migrate()
    administration = Administration(stores.users, stores.keys)
    user = await administration.create_user("benchmark")
    wishes = KeyWishes(name="benchmark", user_id=user.id, role=Role.WRITE, limits=LIMITS)
    issued = await administration.create_key(wishes)
    rows = [row_values(_other(user.id)) | {"revision": 1} for _ in range(KEYS)]
    async with stores.database.writing() as connection:
        await connection.execute(insert(access_keys), rows)
    await stores.database.close()
    return str(issued.text)


def _other(user_id: str) -> AccessKey:
    text = KeyText.new()
    return AccessKey(
        id=text.id, user_id=user_id, name="other", role=Role.WRITE, secret_hash=text.hash, created_at=time.time()
    )


async def _latencies(plain: Server, guarded: Server, key: str) -> dict[str, _Latencies]:
    """Requests in turns."""
    turns = {"plain": (plain, None), "guarded": (guarded, key)}
    measured = {name: _Latencies() for name in turns}
    async with AsyncExitStack() as stack:
        connections = {
            name: await stack.enter_async_context(Connection(server.port, shown))
            for name, (server, shown) in turns.items()
        }
        for _ in range(WARM_UP):
            # In turns: a connection that rests for long is closed.
            for connection in connections.values():
                await _speak(connection)
        before = {name: server.cpu_seconds for name, (server, _) in turns.items()}
        for _ in range(ROUNDS):
            for name, connection in connections.items():
                started = time.perf_counter()
                await _speak(connection)
                measured[name].seconds.append(time.perf_counter() - started)
    for name, (server, _) in turns.items():
        measured[name].cpu_seconds = (server.cpu_seconds - before[name]) / ROUNDS
    return measured


async def _rates(plain: Server, guarded: Server, key: str) -> dict[str, float]:
    """Requests a second of several connections at once, the better of some repeats in turns."""
    best = {"plain": 0.0, "guarded": 0.0}
    for _ in range(REPEATS):
        best["plain"] = max(best["plain"], await _rate(plain.port, None))
        best["guarded"] = max(best["guarded"], await _rate(guarded.port, key))
    return best


async def _rate(port: int, key: str | None) -> float:
    end = time.perf_counter() + SECONDS

    async def client(connection: Connection) -> int:
        done = 0
        while time.perf_counter() < end:
            await _speak(connection)
            done += 1
        return done

    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(Connection(port, key)) for _ in range(CONNECTIONS)]
        return sum(await asyncio.gather(*map(client, connections))) / SECONDS


async def _speak(connection: Connection) -> None:
    async for _ in connection.request("POST", "/tts", BODY):
        pass


def _added(times: Mapping[str, _Latencies], what: str, reach: Mapping[float, float]) -> list[Row]:
    rows = []
    for part, most in reach.items():
        without, with_key = (quantile(times[name].seconds, part) for name in ("plain", "guarded"))
        added = with_key - without
        rows.append(
            Row(
                f"{what}, {KEYS:,} keys: added to one request, p{part * 100:.0f}",
                f"< {milliseconds(most)}",
                f"{milliseconds(added)} ({milliseconds(without)} without)",
                added < most,
                {"added_s": added, "without_s": without},
            )
        )
    without, added = times["plain"].cpu_seconds, times["guarded"].cpu_seconds - times["plain"].cpu_seconds
    told = f"{added * 1e6:.0f} us ({without * 1e6:.0f} us without)"
    figures = {"added_cpu_s": added, "without_cpu_s": without}
    return [*rows, Row(f"{what}: processor time added to one request", "", told, None, figures)]


def _share(rates: Mapping[str, float]) -> Row:
    share = rates["guarded"] / rates["plain"]
    measured = f"{share:.2f} ({rates['guarded']:.0f} of {rates['plain']:.0f} a second)"
    what = "requests/s of a short answer with everything on, against the same without"
    return Row(what, ">= 0.85", measured, share >= 0.85, {"share": share, **rates})


def _start(plain: Server, guarded: Server) -> Row:
    added = guarded.start_seconds - plain.start_seconds
    what = "start to /health with SQLite and migrations up to date: added"
    return Row(what, "< 150 ms", milliseconds(added), added < 0.15, {"added_s": added})
