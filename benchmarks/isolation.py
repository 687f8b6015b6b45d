"""Cost of eSpeak NG in child processes, against the same engine in a thread of the server, asked in turn."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator

from benchmarks.client import Connection, fetch
from benchmarks.result import Row, milliseconds, quantile
from benchmarks.server import running
from benchmarks.texts import SENTENCES, TEN_SENTENCES

THREAD, CHILD = "espeak_in_thread", "espeak"
REQUESTS = 60
CLIENTS = 4
SECONDS = 3.0
ROUNDS = 3
REACH_SECONDS = 0.003
REACH_RATIO = 0.95


def run() -> list[Row]:
    with running() as server:
        for engine in (THREAD, CHILD):
            asyncio.run(fetch(server.port, "POST", f"/engines/{engine}/load"))
            asyncio.run(_rate(server.port, engine, 0.5))
        first = asyncio.run(_first_audio(server.port))
        rates: dict[str, list[float]] = {THREAD: [], CHILD: []}
        for _ in range(ROUNDS):
            for engine in rates:
                rates[engine].append(asyncio.run(_rate(server.port, engine, SECONDS)))
    over = quantile(first[CHILD], 0.5) - quantile(first[THREAD], 0.5)
    ratio = quantile([child / thread for child, thread in zip(rates[CHILD], rates[THREAD], strict=True)], 0.5)
    told = ", ".join(f"{name} {quantile(values, 0.5):.0f}/s" for name, values in rates.items())
    return [
        Row(
            "eSpeak in a child: first audio over that of the engine in a thread, p50",
            "< 3 ms",
            f"{milliseconds(over)} ({milliseconds(quantile(first[THREAD], 0.5))} in a thread)",
            over < REACH_SECONDS,
            {"over_s": over},
        ),
        Row(
            f"eSpeak in children, {CLIENTS} clients: requests/s against the engine in a thread",
            ">= 0.95",
            f"{ratio:.2f} ({told})",
            ratio >= REACH_RATIO,
            {"ratio": ratio},
        ),
    ]


async def _first_audio(port: int) -> dict[str, list[float]]:
    """Seconds from a request to its first audio, the engines in turn."""
    times: dict[str, list[float]] = {THREAD: [], CHILD: []}
    async with Connection(port) as connection:
        for engine in [*times] * REQUESTS:
            started = time.monotonic()
            arrivals = [part.at async for part in connection.speak(TEN_SENTENCES, engine, format="pcm")]
            times[engine].append(arrivals[0] - started)
    return times


async def _rate(port: int, engine: str, seconds: float) -> float:
    """Requests a second of all clients."""
    sentences, started = itertools.cycle(SENTENCES), time.monotonic()
    counts = await asyncio.gather(*(_ask(port, engine, sentences, started + seconds) for _ in range(CLIENTS)))
    return sum(counts) / (time.monotonic() - started)


async def _ask(port: int, engine: str, sentences: Iterator[str], until: float) -> int:
    count = 0
    async with Connection(port) as connection:
        while time.monotonic() < until:
            size = sum([len(part.data) async for part in connection.speak(next(sentences), engine)])
            if size < 44_100:
                raise ValueError(f"{size} bytes are no sentence")
            count += 1
    return count
