"""The administrator's desk: a server that wants keys, the first of them, and what its routes say about all others."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.client import Connection
from benchmarks.server import ROOT, Server

PATIENCE_SECONDS = 120.0
"""For whatever must come soon, on a machine under any load."""
POLL_SECONDS = 0.1
KEY = re.compile(r"stts_[0-9a-f]+_[0-9a-f]+")
SETTINGS: Mapping[str, Any] = {
    "security": {"keys": True},
    "tts": {"order": ["paced"]},
    "stt": {"order": ["ear"]},
    "engines": {"preload": ["paced", "ear"], "options": {"paced": {"speed": 200}}},
    "logging": {"level": "warning"},
    "database": {"timeout_seconds": 60},
}
"""A server whose engines cost nothing, so that all load falls on the server. A database that is only slow, because the
machine does other work too, is not away."""
PLENTY = 10**9
"""A quota that nobody reaches."""


class Missing(Exception):
    """What must come soon did not come."""


@dataclass(frozen=True, slots=True)
class Key:
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Desk:
    """Asks the server as its administrator, each time on a connection of its own."""

    port: int
    key: str

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer in JSON; None where it has no body. Raises BadAnswer, OSError."""
        data = json.dumps(body).encode() if body is not None else b""
        async with Connection(self.port, self.key) as connection:
            answer = b"".join([part.data async for part in connection.request(method, path, data)])
        return json.loads(answer) if answer else None

    async def text(self, path: str) -> str:
        return (await self.content(path)).decode()

    async def content(self, path: str) -> bytes:
        async with Connection(self.port, self.key) as connection:
            return b"".join([part.data async for part in connection.request("GET", path)])

    async def new_key(self, **wishes: Any) -> Key:
        """Makes a key of a new user, which may speak and listen unless the wishes say otherwise."""
        made = await self.ask("POST", "/admin/keys", {"name": "load", "role": "write", **wishes})
        return Key(made["id"], made["key"])

    async def key_ids(self) -> set[str]:
        """Of all keys that are not revoked."""
        found: set[str] = set()
        path = "/admin/keys?limit=100"
        while page := await self.ask("GET", f"{path}&after={max(found, default='')}"):
            found |= {each["id"] for each in page}
        return found

    async def usage(self) -> dict[str, dict[str, float]]:
        """Sums of the last days in the database, by key."""
        rows = (await self.ask("GET", "/analytics/usage?window=7d&group=key"))["rows"]
        return {row["key"]: row for row in rows}

    async def settled_usage(self, keys: Sequence[Key], operations: int) -> dict[str, float]:
        """Sums of the keys, as soon as so many operations are in them, or as they are when patience has ended."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            rows = await self.usage()
            mine = [rows[key.id] for key in keys if key.id in rows]
            sums = {name: sum(row[name] for row in mine) for name in ("operations", "characters")}
            if sums["operations"] >= operations or time.monotonic() > deadline:
                return sums
            await asyncio.sleep(POLL_SECONDS)

    async def ready(self) -> Any:
        """What /ready tells, whether the server is ready or not."""
        async with Connection(self.port, self.key) as connection:
            parts = connection.request("GET", "/ready", refused_is_answer=True)
            return json.loads(b"".join([part.data async for part in parts]))

    async def state(self, part: str) -> str:
        """The state of the `database` or of `redis`."""
        return str((await self.ready())[part])

    async def until(self, part: str, state: str) -> float:
        """Waits for a state of the `database` or of `redis`; the seconds that took. Raises Missing."""
        began = time.monotonic()
        while (found := await self.state(part)) != state:
            if time.monotonic() - began > PATIENCE_SECONDS:
                raise Missing(f"{part} is {found}, not {state}")
            await asyncio.sleep(POLL_SECONDS)
        return time.monotonic() - began


async def used(port: int, key: str) -> dict[str, float]:
    """What a key has used of its quotas, by the name of the limit, as it is told itself."""
    left = (await Desk(port, key).ask("GET", "/me"))["left"]
    return {each["limit"]: each["most"] - each["left"] for each in left if each["of"] == "key"}


def first_key(server: Server) -> str:
    """The key that the first start has printed. Raises Missing."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := KEY.search(server.log.read_text(encoding="utf-8", errors="replace"))) is None:
        if time.monotonic() > deadline:
            raise Missing("no key was printed")
        time.sleep(POLL_SECONDS)
    return found[0]


def audit_fault(server: Server) -> str:
    """What `stts audit verify` says against the trail of a server; empty if it holds."""
    command = [sys.executable, "-m", "commands", "audit", "verify", "--config", str(server.folder / "config.yaml")]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    return "" if checked.returncode == 0 else (checked.stdout + checked.stderr).strip()[:300]
