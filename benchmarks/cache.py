"""The cache: hits against a plain FastAPI route, and a crowd that asks for one text at once."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import AsyncExitStack
from typing import NamedTuple

from benchmarks.client import Connection, fetch
from benchmarks.result import Row, milliseconds, quantile
from benchmarks.server import ROOT, Server, free_port, running

CLIENTS = 32
SECONDS = 6.0
CROWD = 100
REACH = 1.0
TEXT = (
    "The birch canoe slid on the smooth planks, and the fish twisted and turned on the bent hook near the shore. " * 2
)
BODY = {"model": "espeak", "input": TEXT, "voice": "en-us", "response_format": "mp3"}


class Asked(NamedTuple):
    path: str
    body: bytes


SPEECH = Asked("/v1/audio/speech", json.dumps(BODY).encode())
BATCH = Asked("/synthesizeSpeech", json.dumps({"text": "All of this is known by heart."}).encode())
PLAIN = (str(ROOT / "benchmarks" / "plain_server.py"),)


def run() -> list[Row]:
    port = free_port()
    output = {"engine": "espeak", "voice": "en-us"}
    batch = {"profile": "batch-api", "port": port, "output": output, "security": {"allow_open": True}}
    with running({"cache": {}, "listeners": {"batch": batch}}) as server:
        rows = [*_hits(server, server.port, SPEECH, 0.02), *_hits(server, port, BATCH, 0.05)]
        return [*rows, *asyncio.run(_crowd(server.port))]


def _hits(server: Server, port: int, asked: Asked, longest: float) -> list[Row]:
    """`longest`: seconds that p99 may take."""
    size = asyncio.run(_first(port, asked))
    with running(program=PLAIN, variables={"STTS_BENCHMARK_BYTES": str(size)}) as plain:
        for each, what in ((plain.port, SPEECH), (port, asked)):
            asyncio.run(_rate(each, what, 1.0))
        peer, peer_cpu = _measured(plain, plain.port, SPEECH)
        hits, cpu = _measured(server, port, asked)
    rate, plainly, slowest = len(hits) / SECONDS, len(peer) / SECONDS, quantile(hits, 0.99)
    name = f"cached {size / 1000:.0f} kB, POST {asked.path}, {CLIENTS} clients"
    told = f"{cpu * 1e6:.0f} us, {peer_cpu * 1e6:.0f} us; {cpu / peer_cpu:.2f}"
    return [
        Row(
            f"{name}: requests/s against plain FastAPI",
            ">= 1.0",
            f"{rate / plainly:.2f} ({rate:.0f}/s against {plainly:.0f}/s)",
            rate / plainly >= REACH,
            {"ratio": rate / plainly, "requests_per_s": rate, "plain_per_s": plainly},
        ),
        Row("  p99", f"< {longest * 1000:.0f} ms", milliseconds(slowest), slowest < longest, {"p99_s": slowest}),
        Row("  processor time of one, of the plain route; ratio", "", told, None, {"cpu_s": cpu, "plain_s": peer_cpu}),
    ]


def _measured(server: Server, port: int, asked: Asked) -> tuple[list[float], float]:
    """Seconds that each request took, and the server's processor time of one."""
    before = server.cpu_seconds
    times = asyncio.run(_rate(port, asked, SECONDS))
    return times, (server.cpu_seconds - before) / len(times)


async def _first(port: int, asked: Asked) -> int:
    """Has it spoken, and tells the bytes of the answer."""
    await fetch(port, "POST", asked.path, asked.body)
    return len(await fetch(port, "POST", asked.path, asked.body))


async def _rate(port: int, asked: Asked, seconds: float) -> list[float]:
    """Seconds that each request took."""
    until = time.monotonic() + seconds

    async def ask() -> list[float]:
        times: list[float] = []
        async with Connection(port) as connection:
            while (began := time.monotonic()) < until:
                async for _ in connection.request("POST", asked.path, asked.body):
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
