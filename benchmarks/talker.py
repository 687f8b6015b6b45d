"""A caller of /ws/conversation/v2 or /ws/stt: a microphone that sends in real time, and a memory of what came when."""

from __future__ import annotations

import asyncio
import json
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import numpy as np

from benchmarks.websocket import Query, WebSocket, connect, frame
from stts.engine_api import STT_SAMPLE_RATE, Samples

PATH = "/ws/conversation/v2"
FRAME_SECONDS = 0.02
HEADER = struct.Struct("<II")
PATIENCE_SECONDS = 30.0
"""For anything that is waited for."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An event or a frame of audio. Times are `time.monotonic()` seconds."""

    at: float
    type: str
    """Type of the event, or `audio`."""
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def generation(self) -> int | None:
        return self.data.get("generation")


@dataclass(slots=True)
class Said:
    """Speech sent to the microphone, and its times."""

    frames: Sequence[bytes]
    """Ready to be sent, each of `FRAME_SECONDS`."""
    began: float = 0.0
    """Time of its first sample; known when `spoken` is."""
    spoken: asyncio.Event = field(default_factory=asyncio.Event)
    """Its last frame was sent."""


class Microphone:
    """Sends a frame when its time has come, of silence where nothing is said. A frame is sent when its last sample is
    there, as a real microphone would."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._waiting: list[Said] = []
        self._silence = wire_frames(np.zeros(round(FRAME_SECONDS * STT_SAMPLE_RATE), np.float32))[0]
        self.late: list[float] = []
        """By how much each frame was sent too late."""
        self.opened = 0.0
        """Time of its first sample."""

    def say(self, frames: Sequence[bytes]) -> Said:
        said = Said(frames)
        self._waiting.append(said)
        return said

    async def run(self) -> None:
        self.opened = time.monotonic()
        due = self.opened + FRAME_SECONDS
        while True:
            said = self._waiting.pop(0) if self._waiting else None
            if said is None:
                due = await self._send(self._silence, due)
                continue
            said.began = due - FRAME_SECONDS
            for data in said.frames:
                due = await self._send(data, due)
            said.spoken.set()

    async def _send(self, data: bytes, due: float) -> float:
        """When its time has come. Returns the time of the next."""
        if (wait := due - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        self.late.append(time.monotonic() - due)
        self._socket.send_frame(data)
        return due + FRAME_SECONDS


class Caller:
    """`async with Caller(port, query) as caller`: the session is there, and the microphone is open."""

    def __init__(self, port: int, query: Query, path: str = PATH) -> None:
        self._port = port
        self._path = path
        self._query = query
        self._news = asyncio.Event()
        self._read = 0
        self.heard: list[Heard] = []

    async def __aenter__(self) -> Caller:
        self.socket = await connect(self._port, self._path, self._received, self._query)
        await self.until("session.created")
        self.microphone = Microphone(self.socket)
        self._recording = asyncio.create_task(self.microphone.run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._recording.cancel()
        await asyncio.wait([self._recording])
        await self.socket.close()

    def send(self, **event: Any) -> None:
        self.socket.send(json.dumps(event))

    def say(self, frames: Sequence[bytes]) -> Said:
        return self.microphone.say(frames)

    async def until(self, kind: str, where: Callable[[Heard], bool] = lambda _: True) -> Heard:
        """The next of its kind that was not looked at yet. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                while self._read < len(self.heard):
                    heard = self.heard[self._read]
                    self._read += 1
                    if heard.type == kind and where(heard):
                        return heard
                self._news.clear()
                await self._news.wait()

    def skip(self) -> None:
        """Ignores all that came so far."""
        self._read = len(self.heard)

    def since(self, at: float, *kinds: str) -> list[Heard]:
        return [heard for heard in self.heard if heard.at >= at and heard.type in kinds]

    def _received(self, at: float, message: str | bytes) -> None:
        if isinstance(message, bytes):
            generation, sequence = HEADER.unpack_from(message)
            data = {"generation": generation, "sequence": sequence, "bytes": len(message) - HEADER.size}
            self.heard.append(Heard(at, "audio", data))
        else:
            event = json.loads(message)
            self.heard.append(Heard(at, event["type"], event))
        self._news.set()


def wire_frames(samples: Samples, seconds: float = FRAME_SECONDS) -> list[bytes]:
    """As s16le messages of a fixed length, ready to be sent; silence fills the last."""
    size = round(seconds * STT_SAMPLE_RATE)
    whole = np.pad(samples, (0, -len(samples) % size))
    data = np.round(whole * 32_767).astype("<i2").tobytes()
    return [frame(data[start : start + 2 * size]) for start in range(0, len(data), 2 * size)]
