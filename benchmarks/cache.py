"""The cache: hits against a plain FastAPI route, and a crowd that asks for one text at once."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import AsyncExitStack

from benchmarks.client import Connection, fetch
from benchmarks.result import Row, milliseconds, quantile
from benchmarks.server import ROOT, running

CLIENTS = 32
SECONDS = 6.0
CROWD = 100
REACH = 1.0
TEXT = (
    "The birch canoe slid on the smooth planks, and the fish twisted and turned on the bent hook near the shore. " * 2
)
BODY = {"model": "espeak", "input": TEXT, "voice": "en-us", "response_format": "mp3"}
PLAIN = (str(ROOT / "benchmarks" / "plain_server.py"),)


def run() -> list[Row]:
    with running({"cache": {}}) as server:
        size = asyncio.run(_first(server.port))
        with running(program=PLAIN, variables={"STTS_BENCHMARK_BYTES": str(size)}) as plain:
            for port in (plain.port, server.port):
                asyncio.run(_rate(port, 1.0))
            peer = asyncio.run(_rate(plain.port, SECONDS))
            hits = asyncio.run(_rate(server.port, SECONDS))
        crowd = asyncio.run(_crowd(server.port))
    return [*_hit_rows(size, peer, hits), *crowd]


def _hit_rows(size: int, peer: list[float], hits: list[float]) -> list[Row]:
    rate, plain = len(hits) / SECONDS, len(peer) / SECONDS
    slowest = quantile(hits, 0.99)
    return [
        Row(
            f"cached {size / 1000:.0f} kB, POST /v1/audio/speech, {CLIENTS} clients: requests/s against plain FastAPI",
            ">= 1.0",
            f"{rate / plain:.2f} ({rate:.0f}/s against {plain:.0f}/s)",
            rate / plain >= REACH,
            {"ratio": rate / plain, "requests_per_s": rate, "plain_per_s": plain},
        ),
        Row("  p99", "< 20 ms", milliseconds(slowest), slowest < 0.02, {"p99_s": slowest}),
    ]


async def _first(port: int) -> int:
    """Has it spoken, and tells the bytes of the answer."""
    await fetch(port, "POST", "/v1/audio/speech", json.dumps(BODY).encode())
    return len(await fetch(port, "POST", "/v1/audio/speech", json.dumps(BODY).encode()))


async def _rate(port: int, seconds: float) -> list[float]:
    """Seconds that each request took."""
    until, body = time.monotonic() + seconds, json.dumps(BODY).encode()

    async def ask() -> list[float]:
        times: list[float] = []
        async with Connection(port) as connection:
            while (began := time.monotonic()) < until:
                async for _ in connection.request("POST", "/v1/audio/speech", body):
                    pass
                times.append(time.monotonic() - began)
        return times

    return [each for times in await asyncio.gather(*(ask() for _ in range(CLIENTS))) for each in times]


async def _crowd(port: int) -> list[Row]:
    """Many at once ask for a text that nobody has asked for before; all of them are connected by then."""
    text = "All of us ask for this at once. " * 10

    async def first_byte(connection: Connection) -> tuple[float, str]:
        async for part in connection.speak(text, "espeak"):
            return part.at, connection.headers["x-cache"]
        raise ValueError("no audio")

    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(Connection(port)) for _ in range(CROWD)]
        found = await asyncio.gather(*map(first_byte, connections))
    spread = max(at for at, _ in found) - min(at for at, _ in found)
    made = sum(state == "MISS" for _, state in found)
    return [
        Row(f"{CROWD} identical requests at once: syntheses", "1", str(made), made == 1, {"syntheses": made}),
        Row("  last first byte behind the first one", "< 10 ms", milliseconds(spread), spread < 0.01, {"s": spread}),
    ]
