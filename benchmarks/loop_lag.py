"""Lag of the event loop while engines work: one in a child process, two in threads."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

from benchmarks.client import fetch, form
from benchmarks.engines import matrix_library
from benchmarks.result import Row, milliseconds, quantile
from benchmarks.server import running
from benchmarks.texts import rotated

PROGRAM = ("-m", "benchmarks.loop_server")
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""For numpy, as MatrixEngine has it for torch: with a thread on every core nothing else of the machine would run."""
IDLE_SECONDS = 3.0
BUSY_SECONDS = 12.0
REACH_SECONDS = 0.010
SENTENCES = 2
"""Sentences of a request: long enough to keep an engine at work, short enough to be answered a few times."""


def run() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        output = Path(folder) / "lags.json"
        with running(program=(*PROGRAM, str(output)), variables=ONE_THREAD) as server:
            idle, busy, counts = asyncio.run(_work(server.port))
        lags: list[tuple[float, float]] = json.loads(output.read_text(encoding="utf-8"))
    calm = _within(lags, idle)
    late = _within(lags, busy)
    p99 = quantile(late, 0.99)
    return [
        Row(
            f"event-loop lag while PocketSphinx (child), eSpeak (children), {matrix_library()} (thread) are busy: p99",
            "< 10 ms",
            f"{milliseconds(p99)} (p50 {milliseconds(quantile(late, 0.5))}, worst {milliseconds(max(late))}; "
            f"answers {counts[0]}, {counts[1]}, {counts[2]})",
            p99 < REACH_SECONDS,
            {"p99_s": p99, "max_s": max(late)},
        ),
        Row("  the same loop idle: p99", "", milliseconds(quantile(calm, 0.99))),
    ]


def _within(lags: Sequence[tuple[float, float]], span: tuple[float, float]) -> list[float]:
    return [lag for at, lag in lags if span[0] <= at <= span[1]]


async def _work(port: int) -> tuple[tuple[float, float], tuple[float, float], tuple[int, int, int]]:
    """The times in which the server was idle and busy, and how often each engine answered meanwhile."""
    for engine in ("espeak", "matrix", "pocketsphinx", "silero"):
        await fetch(port, "POST", f"/engines/{engine}/load")
    speech = await _speak(port, "espeak")
    idle = time.monotonic(), time.monotonic() + IDLE_SECONDS
    await asyncio.sleep(IDLE_SECONDS)
    busy = time.monotonic(), time.monotonic() + BUSY_SECONDS
    body, content_type = form(speech, engine="pocketsphinx")
    counts = await asyncio.gather(
        _repeat(lambda: fetch(port, "POST", "/stt", body, content_type), busy[1]),
        _repeat(lambda: _speak(port, "espeak"), busy[1]),
        _repeat(lambda: _speak(port, "matrix"), busy[1]),
    )
    return idle, busy, counts


def _speak(port: int, engine: str) -> Awaitable[bytes]:
    return fetch(port, "POST", "/tts", json.dumps({"text": rotated(0, SENTENCES), "engine": engine}).encode())


async def _repeat(ask: Callable[[], Awaitable[bytes]], until: float) -> int:
    """Asks again and again; what is under way at the end is left."""
    count = 0
    with suppress(TimeoutError):
        async with asyncio.timeout_at(until):
            while True:
                await ask()
                count += 1
    return count
