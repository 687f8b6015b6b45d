"""Speech from text that is still being written: how soon it begins when the first clause is there.

The words of a sentence come one by one, as a language model writes them, and no more of them than its first clause.
"""

from __future__ import annotations

import asyncio
import json
import time

from benchmarks.client import fetch
from benchmarks.result import Row, milliseconds, quantile
from benchmarks.server import running
from benchmarks.websocket import WebSocket, connect

PATH = "/ws/tts"
ROUNDS = 60
REACH_SECONDS = 0.020
CLAUSE = "The ferry leaves at nine, "
REST = "and the last one comes back at five."
SETTINGS = {"tts": {"order": ["espeak"]}, "logging": {"level": "warning"}}
PATIENCE_SECONDS = 30.0


def run() -> list[Row]:
    with running(SETTINGS) as server:
        times = asyncio.run(_begun(server.port))
    p50 = quantile(times, 0.5)
    return [
        Row(
            "incremental text: first clause in to first audio byte, eSpeak: p50",
            "< 20 ms",
            f"{milliseconds(p50)} (p95 {milliseconds(quantile(times, 0.95))})",
            p50 < REACH_SECONDS,
            {"p50_s": p50, "p95_s": quantile(times, 0.95)},
        )
    ]


async def _begun(port: int) -> list[float]:
    await fetch(port, "POST", "/engines/espeak/load")
    listener = _Listener()
    socket = await connect(port, PATH, listener.received, {})
    socket.send(json.dumps({"type": "config", "engine": "espeak"}))
    times = [await _utterance(socket, listener) for _ in range(1 + ROUNDS)]
    await socket.close()
    return times[1:]


async def _utterance(socket: WebSocket, listener: _Listener) -> float:
    """Seconds from the last word of the first clause to the first audio."""
    listener.audio.clear()
    listener.done.clear()
    for word in CLAUSE.split():
        sent = time.monotonic()
        socket.send(json.dumps({"type": "text", "text": f"{word} "}))
        await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await listener.audio.wait()
        began = listener.began
        socket.send(json.dumps({"type": "text", "text": REST}))
        socket.send(json.dumps({"type": "end"}))
        await listener.done.wait()
    return began - sent


class _Listener:
    def __init__(self) -> None:
        self.audio = asyncio.Event()
        self.done = asyncio.Event()
        self.began = 0.0
        """When the first audio of the utterance came."""

    def received(self, at: float, message: str | bytes) -> None:
        if isinstance(message, bytes):
            if not self.audio.is_set():
                self.began = at
            self.audio.set()
        elif json.loads(message)["type"] == "audio.done":
            self.done.set()
