"""Start-up time of a cold server, and its memory with nothing loaded."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.result import Row, quantile
from benchmarks.server import SERVER, running

STARTS = 7
SETTLE_SECONDS = 2.0
REACH_SECONDS = 0.9
REACH_BYTES = 92e6

BARE = """
import json, os, uvicorn, fastapi
app = fastapi.FastAPI()
@app.get("/health")
async def health(): return {"status": "ok"}
server = json.load(open(os.environ["STTS_CONFIG"]))["server"]
uvicorn.run(app, host=server["host"], port=server["port"], log_level="warning")
"""
"""A server of the same libraries with one route and no speech."""


@dataclass(frozen=True, slots=True)
class Started:
    seconds: float
    resident: float
    """Bytes, median."""
    proportional: float
    """Bytes, shared pages divided among their users."""


def run() -> list[Row]:
    ours = _start(SERVER)
    bare = _start(("-c", BARE))
    return [
        Row(
            "server start to /health, cold process: median",
            "< 0.9 s",
            f"{ours.seconds:.2f} s",
            ours.seconds < REACH_SECONDS,
            {"start_s": ours.seconds},
        ),
        Row(
            "idle resident memory, nothing loaded",
            "< 92 MB",
            f"{ours.resident / 1e6:.0f} MB (PSS {ours.proportional / 1e6:.0f} MB)",
            ours.resident < REACH_BYTES,
            {"rss_bytes": ours.resident, "pss_bytes": ours.proportional},
        ),
        Row(
            "  FastAPI and uvicorn with one route",
            "",
            f"{bare.seconds:.2f} s, {bare.resident / 1e6:.0f} MB (PSS {bare.proportional / 1e6:.0f} MB)",
            figures={"start_s": bare.seconds, "rss_bytes": bare.resident},
        ),
    ]


def _start(program: Sequence[str]) -> Started:
    """The median of several; the first fills the page cache and is not counted."""
    times = []
    for _ in range(1 + STARTS):
        with running(program=program) as server:
            times.append(server.start_seconds)
    with running(program=program) as server:
        time.sleep(SETTLE_SECONDS)
        memory = server.process.memory_full_info()
    return Started(quantile(times[1:], 0.5), memory.rss, getattr(memory, "pss", memory.uss))
