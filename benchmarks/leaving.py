"""Time until an engine is free for the next request after a client leaves in mid-stream.

The engine writes down when it yields and when it is given its next call, which already waits; both clocks are one.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from pathlib import Path

from benchmarks.client import Connection, fetch
from benchmarks.result import Row, milliseconds, quantile
from benchmarks.server import running
from benchmarks.texts import TEN_SENTENCES

ROUNDS = 30
BLOCK_SECONDS = 0.1
SPEED = 1.0
REACH_SECONDS = 0.005


def run() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        trace = Path(folder) / "trace"
        options = {"speed": SPEED, "block_seconds": BLOCK_SECONDS, "trace": str(trace)}
        # Long pieces, so that only leaving frees the engine.
        tts = {"first_chunk_seconds": 20}
        with running({"engines": {"options": {"paced": options}}, "tts": tts}) as server:
            delays = asyncio.run(_rounds(server.port, trace))
    p50, worst = quantile(delays, 0.5), max(delays)
    return [
        Row(
            "client leaves: time from the engine's next yield until the next request has its slot: p50 / worst",
            "< 5 ms",
            f"{milliseconds(p50)} / {milliseconds(worst)} (yields every {milliseconds(BLOCK_SECONDS / SPEED)})",
            worst < REACH_SECONDS,
            {"p50_s": p50, "worst_s": worst},
        )
    ]


async def _rounds(port: int, trace: Path) -> list[float]:
    await fetch(port, "POST", "/engines/paced/load")
    rng = random.Random(1)
    return [await _round(port, trace, rng.uniform(0.2, 0.8) * BLOCK_SECONDS) for _ in range(ROUNDS)]


async def _round(port: int, trace: Path, pause: float) -> float:
    """Seconds from the first yield after one client left until the engine got the call of the one who waited."""
    async with Connection(port) as leaver, Connection(port) as waiter:
        await _hear_blocks(leaver)
        second = asyncio.ensure_future(anext(waiter.speak(TEN_SENTENCES, "paced")))
        await asyncio.sleep(pause)
        left = time.monotonic()
        leaver.leave()
        await second
    return slot_delay(await asyncio.to_thread(trace.read_text, "utf-8"), left)


async def _hear_blocks(leaver: Connection) -> None:
    """Until the engine has just yielded: it will do so again in its known time."""
    parts = leaver.speak(TEN_SENTENCES, "paced")
    for _ in range(2):
        await anext(parts)


def slot_delay(trace: str, left: float) -> float:
    """From the first block that the engine had ready after the leaving until its next call began, in seconds."""
    events = [(what, float(at)) for what, at in (line.split() for line in trace.splitlines())]
    later = [(what, at) for what, at in events if at > left]
    began = next(at for what, at in later if what == "start")
    block = next((at for what, at in later if what == "block" and at < began), left)
    return began - block
