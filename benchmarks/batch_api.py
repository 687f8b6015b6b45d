"""The TTS Batch API's own targets, by its own route: answers that are kept, new texts, a cold start.

Beside it a plain FastAPI route with a pydantic body that returns as many bytes.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable

from benchmarks.cache import CLIENTS, PLAIN, SECONDS
from benchmarks.client import Connection
from benchmarks.piper import WARM_SECONDS
from benchmarks.result import Row, milliseconds, quantile
from benchmarks.server import HOST, free_port, running
from benchmarks.texts import SENTENCES

TOKEN = "a-token-of-the-benchmark"
UNCACHED_CLIENTS = 4
HIT_SECONDS, MISS_SECONDS, LOAD_SECONDS = 0.05, 2.0, 10.0
CACHED_RATE, UNCACHED_RATE = 1000.0, 10.0
KEPT = "The birch canoe slid."
"""Speaks in about 50 kB."""
PLAIN_BODY = json.dumps({"model": "a", "input": KEPT, "voice": "b"}).encode()

Body = Callable[[], bytes]


def run() -> list[Row]:
    port = free_port()
    section = {"profile": "batch-api", "host": HOST, "port": port, "security": {"api_key": TOKEN}}
    with running({"cache": {}, "listeners": {"notices": section}}) as server:
        began = time.monotonic()
        size = asyncio.run(_first(port))
        load = time.monotonic() - began
        misses = asyncio.run(_times(port, UNCACHED_CLIENTS, SECONDS, _new_texts()))
        with running(program=PLAIN, variables={"STTS_BENCHMARK_BYTES": str(size)}) as plain:
            asyncio.run(_times(port, CLIENTS, WARM_SECONDS, _kept))
            peer = asyncio.run(_times(plain.port, CLIENTS, SECONDS, lambda: PLAIN_BODY, "/v1/audio/speech"))
            hits = asyncio.run(_times(port, CLIENTS, SECONDS, _kept))
        assert server.process.is_running()
    return _rows(load, size, misses, hits, peer)


def _rows(load: float, size: int, misses: list[float], hits: list[float], peer: list[float]) -> list[Row]:
    hit_rate, miss_rate, plain_rate = (len(each) / SECONDS for each in (hits, misses, peer))
    slowest_hit, slowest_miss = quantile(hits, 0.99), quantile(misses, 0.99)
    name = f"POST /synthesizeSpeech, kept, {size / 1000:.0f} kB, {CLIENTS} clients"
    ratio = hit_rate / plain_rate
    return [
        Row(
            f"{name}: requests/s against plain FastAPI",
            ">= 1.0",
            f"{ratio:.2f} ({hit_rate:.0f}/s against {plain_rate:.0f}/s)",
            ratio >= 1.0,
            {"ratio": ratio, "requests_per_s": hit_rate, "plain_per_s": plain_rate},
        ),
        Row("  requests/s", ">= 1000", f"{hit_rate:.0f}", hit_rate >= CACHED_RATE, {"requests_per_s": hit_rate}),
        Row("  p99", "< 50 ms", milliseconds(slowest_hit), slowest_hit < HIT_SECONDS, {"p99_s": slowest_hit}),
        Row(
            f"POST /synthesizeSpeech, a new sentence each, {UNCACHED_CLIENTS} clients: requests/s",
            ">= 10",
            f"{miss_rate:.0f}",
            miss_rate >= UNCACHED_RATE,
            {"requests_per_s": miss_rate},
        ),
        Row("  p99", "< 2 s", milliseconds(slowest_miss), slowest_miss < MISS_SECONDS, {"p99_s": slowest_miss}),
        Row("  the first one, which loads the voice", "< 10 s", f"{load:.1f} s", load < LOAD_SECONDS, {"s": load}),
    ]


def _kept() -> bytes:
    return json.dumps({"text": KEPT}).encode()


def _new_texts() -> Body:
    numbers, sentences = itertools.count(), itertools.cycle(SENTENCES)
    return lambda: json.dumps({"text": f"{next(sentences)} {next(numbers)}."}).encode()


async def _first(port: int) -> int:
    """Has it spoken, and tells the bytes of the answer."""
    async with Connection(port, TOKEN, "user-token") as connection:
        return sum([len(part.data) async for part in connection.request("POST", "/synthesizeSpeech", _kept())])


async def _times(port: int, clients: int, seconds: float, body: Body, path: str = "/synthesizeSpeech") -> list[float]:
    """Seconds that each request took."""
    until = time.monotonic() + seconds

    async def ask() -> list[float]:
        times: list[float] = []
        async with Connection(port, TOKEN, "user-token") as connection:
            while (began := time.monotonic()) < until:
                async for _ in connection.request("POST", path, body()):
                    pass
                times.append(time.monotonic() - began)
        return times

    return [each for times in await asyncio.gather(*(ask() for _ in range(clients))) for each in times]
