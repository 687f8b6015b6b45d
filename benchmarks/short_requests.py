"""Short requests: what health, refusals and kept speech cost the server, against uvicorn that answers as many bytes."""

from __future__ import annotations

import asyncio
import json
from typing import NamedTuple

from benchmarks.client import Connection
from benchmarks.result import Row
from benchmarks.server import ROOT, Server, free_port, running

CLIENTS = 4
REQUESTS = 400
"""Requests in one turn."""
TURNS = 6
BARE = (str(ROOT / "benchmarks" / "bare_server.py"),)
KEY = "benchmark-key-of-the-short-requests"
SPOKEN = {"text": "All of this is known by heart.", "engine": "espeak"}


class Asked(NamedTuple):
    name: str
    method: str
    path: str
    body: bytes = b""
    key: str | None = None
    port: int | None = None
    """None: that of the main listener."""


class Answered(NamedTuple):
    status: int
    size: int


def run() -> list[Row]:
    limited = free_port()
    listener = {
        "dialects": ["openai"],
        "port": limited,
        "security": {"allow_open": True},
        "limits": {"requests_per_minute": 1},
    }
    settings = {"cache": {}, "security": {"api_key": KEY}, "listeners": {"limited": listener}}
    kept = json.dumps(SPOKEN).encode()
    hosted = json.dumps({"model": "espeak", "input": "Hello.", "voice": "en-us"}).encode()
    wanted = [
        Asked("GET /health", "GET", "/health"),
        Asked("POST /tts, kept, whole", "POST", "/tts", kept, KEY),
        Asked("POST /tts without its key", "POST", "/tts", kept),
        Asked("POST /tts whose text is none", "POST", "/tts", b'{"text": 7}', KEY),
        Asked("POST /v1/audio/speech beyond its rate", "POST", "/v1/audio/speech", hosted, KEY, limited),
        Asked("GET of a path that is not there", "GET", "/nowhere", b"", KEY),
    ]
    with running(settings) as server, running(program=BARE) as bare:
        return [asyncio.run(_row(each, server, bare)) for each in wanted]


async def _row(asked: Asked, server: Server, bare: Server) -> Row:
    """Both in turns; the first are not counted."""
    port = asked.port or server.port
    for _ in range(3):
        found = await _answered(asked, port)
    peer = Asked(asked.name, asked.method, f"/{found.status}/{found.size}", asked.body)
    ours, theirs = 0.0, 0.0
    for turn in range(TURNS + 1):
        taken = await _taken(asked, server, port), await _taken(peer, bare, bare.port)
        if turn:
            ours, theirs = ours + taken[0], theirs + taken[1]
    ours, theirs = ours / TURNS, theirs / TURNS
    return Row(
        f"{asked.name} ({found.status}, {found.size} bytes): processor time of one against bare uvicorn",
        "",
        f"{ours / theirs:.1f} ({ours * 1e6:.0f} us, {theirs * 1e6:.0f} us)",
        figures={"ratio": ours / theirs, "cpu_s": ours, "bare_s": theirs},
    )


async def _answered(asked: Asked, port: int) -> Answered:
    async with Connection(port, asked.key) as connection:
        parts = connection.request(asked.method, asked.path, asked.body, refused_is_answer=True)
        size = sum([len(part.data) async for part in parts])
        return Answered(connection.status, size)


async def _taken(asked: Asked, server: Server, port: int) -> float:
    """Seconds of processor time of one request."""
    before = server.cpu_seconds

    async def ask() -> None:
        async with Connection(port, asked.key) as connection:
            for _ in range(REQUESTS // CLIENTS):
                async for _ in connection.request(asked.method, asked.path, asked.body, refused_is_answer=True):
                    pass

    await asyncio.gather(*(ask() for _ in range(CLIENTS)))
    return (server.cpu_seconds - before) / REQUESTS
