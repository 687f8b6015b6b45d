"""A caller of a Live session: a microphone that sends in real time, and a memory of what came when."""

from __future__ import annotations

import asyncio
import json
import time
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.talker import Said
from benchmarks.websocket import WebSocket, connect, frame
from stts.engine_api import STT_SAMPLE_RATE, Samples

PATH = "/v1/live/sessions"
FRAME_SECONDS = 0.02
RATE = 16_000
"""Hz, of both sides."""
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Piece:
    """Output as it came."""

    at: float
    seconds: float
    silent: bool


@dataclass(slots=True)
class LiveCaller:
    """Made by `calling`. Times are `time.monotonic()` seconds."""

    pieces: list[Piece] = field(default_factory=list)
    events: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    socket: WebSocket = field(init=False)
    _waiting: list[Said] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _read: int = 0

    def send(self, type: str, **fields: Any) -> float:
        """Gives when it was sent."""
        self.socket.send(json.dumps({"type": type, **fields}))
        return time.monotonic()

    def say(self, frames: Sequence[bytes]) -> Said:
        said = Said(frames)
        self._waiting.append(said)
        return said

    async def until(self, type: str) -> float:
        """When the next event of its type came. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                while self._read < len(self.events):
                    at, event = self.events[self._read]
                    self._read += 1
                    if event["type"] == type:
                        return at
                await self._more()

    async def sound(self, since: float, where: Callable[[Piece], bool]) -> Piece:
        """The first such piece since a time. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                for piece in self.pieces:
                    if piece.at >= since and where(piece):
                        return piece
                await self._more()

    async def _more(self) -> None:
        self._news.clear()
        await self._news.wait()

    def received(self, at: float, message: str | bytes) -> None:
        text = message if isinstance(message, str) else message.decode()
        event = json.loads(text)
        if event["type"] == "session.output_audio.delta":
            data = b64decode(event["delta"])
            self.pieces.append(Piece(at, len(data) / 2 / RATE, not any(data)))
        else:
            self.events.append((at, event))
        self._news.set()

    async def listen(self) -> None:
        """Runs the microphone: silence where nothing is said."""
        silence = live_frames(np.zeros(round(FRAME_SECONDS * STT_SAMPLE_RATE), np.float32))
        due = time.monotonic() + FRAME_SECONDS
        while True:
            said = self._waiting.pop(0) if self._waiting else Said(silence)
            said.began = due - FRAME_SECONDS
            for data in said.frames:
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                self.socket.send_frame(data)
                due += FRAME_SECONDS
            said.spoken.set()


def live_frames(samples: Samples) -> list[bytes]:
    """Appends of a fixed length, ready to be sent; silence fills the last."""
    size = round(FRAME_SECONDS * STT_SAMPLE_RATE)
    whole = np.pad(samples, (0, -len(samples) % size))
    data = np.round(whole * 32_767).astype("<i2").tobytes()
    parts = (data[start : start + 2 * size] for start in range(0, len(data), 2 * size))
    return [
        frame(json.dumps({"type": "session.input_audio.append", "audio": b64encode(part).decode()})) for part in parts
    ]


def silent_append(samples: int) -> bytes:
    """An append of so much digital silence, ready to be sent."""
    return frame(json.dumps({"type": "session.input_audio.append", "audio": b64encode(bytes(2 * samples)).decode()}))


@asynccontextmanager
async def calling(port: int, microphone: bool = True, rate: int = RATE) -> AsyncIterator[LiveCaller]:
    """A session that has started, with an open microphone or none. `rate` (Hz) is for those without."""
    caller = LiveCaller()
    caller.socket = await connect(port, PATH, caller.received, {})
    audio = {"format": {"type": "audio/pcm", "rate": rate}}
    caller.send("session.start", session={"model": "gpt-live-1", "audio": audio})
    await caller.until("session.started")
    recording = asyncio.create_task(caller.listen()) if microphone else None
    try:
        yield caller
    finally:
        if recording is not None:
            recording.cancel()
            await asyncio.wait([recording])
        await caller.socket.close()
