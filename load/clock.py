"""The clock is set back behind midnight, under load: no quota is granted twice, rates, usage and audit stay right.

Only the clock of the server is set (`clocked_server.py`); as with any clock that somebody sets, monotonic ones go on.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.client import BadAnswer, Connection
from benchmarks.engines import SECONDS_PER_CHARACTER
from benchmarks.result import Row
from benchmarks.server import ROOT, Server, running_in
from load.clocked_server import OFFSET, VARIABLE
from load.desk import PATIENCE_SECONDS, POLL_SECONDS, SETTINGS, Desk, Key, Missing, audit_fault, first_key
from load.ledger import Ledger
from load.traffic import BYTES_A_SECOND, TEXT, Speaker, traffic

DAY = 86_400
PROGRAM = (str(ROOT / "load" / "clocked_server.py"),)
BESIDE_SECONDS = 600.0
"""Before and after midnight, when quotas are used."""
CALLS = 5
"""That a quota of a day admits."""
TRIED = 3
"""Calls more, of which none may be served."""
EARLIER = 3
"""Calls of the key that leaves some of its quota on each day."""
MINUTE = 60.0
LONG_TEXT = TEXT * 2
LONG_SECONDS = len(LONG_TEXT) * SECONDS_PER_CHARACTER
STREAM_SPEED = 40
"""Times real time. While others ask for speech a stream is made ahead of its listener no further than it must."""


@dataclass(slots=True)
class Found:
    first_days: tuple[int, int] = (0, 0)
    """Calls served to the key that uses its quotas up, before midnight and after it."""
    again: int = 0
    """Calls served to it once the clock was set back."""
    after_restart: int = 0
    """The same once the server was killed and started, its clock still back."""
    partly: int = 0
    """Calls in all of the key that left some, over both days."""
    retry_after: float = 0.0
    """Seconds that a key beyond its rate is told to wait, once the clock is back."""
    others: Ledger = field(default_factory=Ledger)
    stream_seconds: float = 0.0
    """Speech of the stream that was under way."""
    revoked: str = ""
    expired: str = ""
    fresh: str = ""
    """Answers to a key revoked before, one that had expired, and one made afterwards."""
    usage_operations: float = 0.0
    audit: str = ""


class Clock:
    """How far the clock of a server is off."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self._file.write_bytes(OFFSET.pack(0.0))
        self.variables = {VARIABLE: str(self._file)}

    def set(self, at: float) -> None:
        """Sets it to a time, in seconds since 1970."""
        # In its place: the server has it mapped.
        with self._file.open("r+b") as file:
            file.write(OFFSET.pack(at - time.time()))


def run(seconds: float) -> list[Row]:
    """The clock is set back by so many seconds, which are more than twice BESIDE_SECONDS."""
    with tempfile.TemporaryDirectory(prefix="load-clock-", ignore_cleanup_errors=True) as name:
        return judge(asyncio.run(_clock_set_back(Path(name), seconds)))


async def _clock_set_back(folder: Path, seconds: float) -> Found:
    found, clock = Found(), Clock(folder)
    midnight = (int(time.time() / DAY) + 1) * DAY
    clock.set(midnight - BESIDE_SECONDS)
    options = {"paced": {"speed": STREAM_SPEED, "block_seconds": 0.1}}
    settings = {**SETTINGS, "engines": {"preload": ["paced", "ear"], "options": options}}
    with running_in(folder, settings, PROGRAM, clock.variables) as server:
        admin = await asyncio.to_thread(first_key, server)
        keys = await _live(server, Desk(server.port, admin), clock, midnight, seconds, found)
        server.process.kill()
    with running_in(folder, settings, PROGRAM, clock.variables) as server:
        found.after_restart = await _served(server.port, keys["greedy"], TRIED)
        found.partly += await _served(server.port, keys["partly"], CALLS)
        found.audit = await asyncio.to_thread(audit_fault, server)
    return found


async def _live(
    server: Server, desk: Desk, clock: Clock, midnight: float, seconds: float, found: Found
) -> dict[str, Key]:
    """All that happens before the server is killed."""
    limits = {"characters_per_day": CALLS * len(TEXT)}
    keys = {name: await desk.new_key(limits=limits) for name in ("greedy", "partly")}
    keys |= {name: await desk.new_key() for name in ("other", "streams", "revoked")}
    keys["rated"] = await desk.new_key(limits={"requests_per_minute": 1})
    keys["expired"] = await desk.new_key(expires_at=midnight + BESIDE_SECONDS / 2)
    port = server.port
    evening = await _served(port, keys["greedy"], CALLS + TRIED)
    found.partly = await _served(port, keys["partly"], EARLIER)
    callers = [Speaker(port, keys["other"].text, stream=stream) for stream in (False, True)]
    async with traffic(callers, found.others):
        await _set(desk, clock, midnight + BESIDE_SECONDS)
        found.first_days = evening, await _served(port, keys["greedy"], CALLS + TRIED)
        found.partly += await _served(port, keys["partly"], CALLS - EARLIER)
        await desk.ask("DELETE", f"/admin/keys/{keys['revoked'].id}")
        await _status(port, keys["rated"])
        streamed = asyncio.create_task(_streamed(port, keys["streams"]))
        await _set(desk, clock, midnight + BESIDE_SECONDS - seconds)
        await _after(port, desk, keys, found)
        found.stream_seconds = await streamed
    usage = await desk.settled_usage([keys["other"]], len(found.others.answers))
    found.usage_operations = usage["operations"]
    return keys


async def _after(port: int, desk: Desk, keys: Mapping[str, Key], found: Found) -> None:
    """What holds with the clock back."""
    found.again = await _served(port, keys["greedy"], TRIED)
    found.partly += await _served(port, keys["partly"], CALLS)
    found.revoked = await _status(port, keys["revoked"])
    found.expired = await _status(port, keys["expired"])
    found.fresh = await _status(port, await desk.new_key())
    found.retry_after = await _retry_after(port, keys["rated"])


async def _set(desk: Desk, clock: Clock, at: float) -> None:
    """Sets the clock, and waits until the server goes by it. Raises Missing."""
    clock.set(at)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while abs((await desk.ask("POST", "/admin/users", {"name": "clock"}))["created_at"] - at) > BESIDE_SECONDS / 2:
        if time.monotonic() > deadline:
            raise Missing("the clock of the server was not set")
        await asyncio.sleep(POLL_SECONDS)


async def _served(port: int, key: Key, calls: int) -> int:
    """How many of so many calls were served; the others met their quota. Raises BadAnswer for any other refusal."""
    ledger = Ledger()
    for _ in range(calls):
        speaker = Speaker(port, key.text)
        try:
            await speaker.call(ledger)
        except BadAnswer as error:
            if error.status != 429:
                raise
        finally:
            speaker.leave()
    return len(ledger.answers)


async def _status(port: int, key: Key) -> str:
    async with Connection(port, key.text) as connection:
        try:
            async for _ in connection.request("GET", "/me"):
                pass
        except BadAnswer as error:
            return str(error.status)
    return "200"


async def _retry_after(port: int, key: Key) -> float:
    """What a refused key is told; 0 where it was not refused."""
    async with Connection(port, key.text) as connection:
        async for _ in connection.request("GET", "/me", refused_is_answer=True):
            pass
        return float(connection.headers.get("retry-after", "0"))


async def _streamed(port: int, key: Key) -> float:
    """Seconds of speech of a long text."""
    body: dict[str, Any] = {"text": LONG_TEXT, "stream": True, "format": "pcm"}
    size = 0
    async with Connection(port, key.text) as connection:
        async for part in connection.request("POST", "/tts", json.dumps(body).encode()):
            size += len(part.data)
    return size / BYTES_A_SECOND


def judge(found: Found) -> list[Row]:
    served = f"{found.first_days[0]}, {found.first_days[1]}; {found.again}; {found.after_restart}"
    operations = len(found.others.answers)
    answers = f"{found.revoked}; {found.fresh}"
    return [
        Row(
            f"quota of {CALLS} calls a day: before midnight, after it; clock back; server killed and started",
            f"{CALLS}, {CALLS}; 0; 0",
            served,
            served == f"{CALLS}, {CALLS}; 0; 0",
        ),
        Row(
            f"calls of a key that left some of its quota, of {2 * CALLS} that two days admit",
            f"<= {2 * CALLS}",
            str(found.partly),
            EARLIER <= found.partly <= 2 * CALLS,
        ),
        Row(
            "a key beyond its requests a minute is told to wait, the clock being back",
            f"1 to {MINUTE:g} s",
            f"{found.retry_after:.0f} s",
            0 < found.retry_after <= MINUTE,
        ),
        Row(
            "failed requests of others while the clock was set on and back",
            "0",
            f"{found.others.told()} of {operations + found.others.failed_calls}",
            found.others.failed_calls == 0 and operations > 0,
        ),
        Row(
            "speech of the stream that was under way",
            f"{LONG_SECONDS:.0f} s",
            f"{found.stream_seconds:.0f} s",
            abs(found.stream_seconds - LONG_SECONDS) < LONG_SECONDS / 10,
        ),
        Row("a key revoked before; one made afterwards", "401; 200", answers, answers == "401; 200"),
        Row("a key that had expired before and is not expired by the clock now", "", found.expired),
        Row(
            "operations in usage, of those answered",
            str(operations),
            f"{found.usage_operations:.0f}",
            found.usage_operations == operations,
        ),
        Row("the audit trail", "verifies", found.audit or "verifies", not found.audit),
    ]
