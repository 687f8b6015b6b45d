"""Memory of a conversation that says nothing, and of one in which both sides speak; compression off as the server has
it."""

from __future__ import annotations

import asyncio

import numpy as np

from benchmarks.client import fetch
from benchmarks.crowd import PERIOD_SECONDS, crowd, run_fast
from benchmarks.result import Row
from benchmarks.server import Server, running
from benchmarks.talker import PATH, wire_frames
from benchmarks.voices import utterances
from stts.engine_api import STT_SAMPLE_RATE

SESSIONS = 250
SPEAKING = 40
FEW = 50
"""Come and gone before, so that what is taken once is not counted."""
SETTLE_SECONDS = 1.0
PAUSE_SECONDS = 1.2
"""Silence that ends a turn, and in which the reply begins."""
REPLY = "The last ferry to the island leaves at nine in the evening, so please be there in time."
REACH_BYTES, REACH_SPEAKING = 40e3, 400e3
SETTINGS = {
    "stt": {"order": ["ear"]},
    "engines": {"options": {"ear": {"text": REPLY}}},
    "limits": {"live_sessions": 2000},
    "conversation": {"turn_detector": "none"},
}
QUERY: dict[str, str | int] = {"stt": "ear", "tts": "espeak", "reply": "echo"}
UNDISTURBED = QUERY | {"interrupt": "false"}
"""Replies go on while their listener speaks."""


def run() -> list[Row]:
    with running(SETTINGS) as server:
        idle, speaking = run_fast(lambda: _measured(server))
    return [
        _row(f"memory of one idle conversation (of {SESSIONS})", idle, REACH_BYTES, "session_bytes"),
        _row(f"memory of one in which both sides speak (of {SPEAKING})", speaking, REACH_SPEAKING, "speaking_bytes"),
    ]


def _row(what: str, measured: float, reach: float, name: str) -> Row:
    return Row(what, f"< {reach / 1e3:.0f} KB", f"{measured / 1e3:.0f} KB", measured < reach, {name: measured})


async def _measured(server: Server) -> tuple[float, float]:
    for engine in ("silero", "ear", "espeak"):
        await fetch(server.port, "POST", f"/engines/{engine}/load")
    await _idle(server, FEW)
    idle = await _idle(server, SESSIONS)
    await _speaking(server, SPEAKING)
    return idle, await _speaking(server, SPEAKING)


async def _idle(server: Server, sessions: int) -> float:
    before = await _rested(server)
    async with crowd(sessions, server.port, PATH, QUERY):
        return (await _rested(server) - before) / sessions


async def _speaking(server: Server, sessions: int) -> float:
    """Each has said something, is answered, and speaks again meanwhile."""
    said = utterances()[0].samples
    script = np.concatenate((said, np.zeros(round(PAUSE_SECONDS * STT_SAMPLE_RATE), np.float32), said))
    frames = wire_frames(script, PERIOD_SECONDS)
    before = await _rested(server)
    async with crowd(sessions, server.port, PATH, UNDISTURBED) as found:
        await found.play(frames, frames[-1])
        return (server.process.memory_info().rss - before) / sessions


async def _rested(server: Server) -> int:
    await asyncio.sleep(SETTLE_SECONDS)
    return int(server.process.memory_info().rss)
