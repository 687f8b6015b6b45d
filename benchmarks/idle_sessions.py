"""Memory of a session that says nothing, per-message compression off as the server has it."""

from __future__ import annotations

import asyncio

from benchmarks.client import fetch
from benchmarks.crowd import crowd, run_fast
from benchmarks.result import Row
from benchmarks.server import Server, running
from benchmarks.talker import PATH

SESSIONS = 250
FEW = 50
"""Come and gone before, so that what is taken once is not counted."""
SETTLE_SECONDS = 1.0
REACH_BYTES = 200e3
SETTINGS = {"stt": {"order": ["ear"]}, "limits": {"live_sessions": 2000}}
QUERY: dict[str, str | int] = {"stt": "ear", "tts": "espeak", "reply": "echo"}


def run() -> list[Row]:
    with running(SETTINGS) as server:
        each = run_fast(lambda: _measured(server))
    return [
        Row(
            f"memory of one idle conversation (of {SESSIONS})",
            "< 200 KB",
            f"{each / 1e3:.0f} KB",
            each < REACH_BYTES,
            {"session_bytes": each},
        )
    ]


async def _measured(server: Server) -> float:
    for engine in ("silero", "ear", "espeak"):
        await fetch(server.port, "POST", f"/engines/{engine}/load")
    async with crowd(FEW, server.port, PATH, QUERY):
        await asyncio.sleep(SETTLE_SECONDS)
    await asyncio.sleep(SETTLE_SECONDS)
    before = server.process.memory_info().rss
    async with crowd(SESSIONS, server.port, PATH, QUERY):
        await asyncio.sleep(SETTLE_SECONDS)
        after = server.process.memory_info().rss
    return (after - before) / SESSIONS
