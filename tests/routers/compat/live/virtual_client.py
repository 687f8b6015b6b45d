"""A client of a Live session without a socket, in virtual time; its audio is s16le at 16 kHz."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np

from adapters.hosted_names import ModelCatalogue
from middleware.listener import OutputDefaults
from routers.compat.live.link import OutputFrame
from routers.compat.live.opening import Openings
from routers.compat.live.session import LiveSession
from routers.sockets.quota_end import QuotaEnd
from stts.access.principal import ANONYMOUS, Principal
from stts.context import RequestContext, RequestType
from stts.engine_api import Samples
from stts.settings import Settings
from stts.streams.channel import Channel
from tests.fakes import registry
from tests.stts.conversation.caller import World
from tests.virtual import now
from tests.wired import Engines

RATE = 16_000

SETTINGS = Settings()
MODELS = ModelCatalogue(Engines(registry(), lambda: SETTINGS).catalogue, lambda: SETTINGS)


def tone(seconds: float) -> bytes:
    return np.full(round(seconds * RATE), 9000, "<i2").tobytes()


def silence(seconds: float) -> bytes:
    return bytes(2 * round(seconds * RATE))


class VirtualClient:
    rate = 24_000

    def __init__(self) -> None:
        self.quota_end = QuotaEnd()
        self.events: list[tuple[float, dict[str, Any]]] = []
        self.frames: list[tuple[float, OutputFrame]] = []
        self.reads = asyncio.Event()
        """Cleared while the client reads nothing."""
        self.reads.set()
        self._sent: Channel[str] = Channel(1e9)
        self._changed = asyncio.Event()

    @property
    def principal(self) -> Principal:
        return ANONYMOUS

    def context(self, kind: RequestType) -> RequestContext:
        return RequestContext(kind)

    def messages(self) -> AsyncIterator[str | bytes]:
        return self._sent.__aiter__()

    def microphone(self) -> AsyncGenerator[Samples, None] | None:
        return None

    def decode(self, audio: bytes) -> Samples:
        return np.frombuffer(audio[: len(audio) // 2 * 2], "<i2").astype(np.float32) / np.float32(32_768)

    async def send(self, event: dict[str, Any]) -> None:
        await self.reads.wait()
        json.dumps(event)
        self.events.append((now(), event))
        self._changed.set()

    async def play(self, frame: OutputFrame) -> None:
        await self.reads.wait()
        self.frames.append((now(), frame))

    def interrupted(self) -> None:
        return

    def command(self, type: str, **fields: Any) -> None:
        """Sends a command."""
        self._sent.put(json.dumps({"type": type, **fields}), 1)

    def append(self, data: bytes) -> None:
        self.command("session.input_audio.append", audio=b64encode(data).decode())

    async def say(self, *parts: bytes, pace: float = 1.0) -> None:
        data = b"".join(parts)
        for start in range(0, len(data), RATE // 5):
            self.append(data[start : start + RATE // 5])
            await asyncio.sleep(0.1 * pace)

    def leave(self) -> None:
        self._sent.close()

    async def until(self, type: str, check: Callable[[dict[str, Any]], bool] = lambda event: True) -> dict[str, Any]:
        """The first such event, which may have come already."""
        while True:
            for _, event in self.events:
                if event["type"] == type and check(event):
                    return event
            self._changed.clear()
            await self._changed.wait()

    def of(self, type: str) -> list[dict[str, Any]]:
        return [event for _, event in self.events if event["type"] == type]

    def when(self, type: str) -> list[float]:
        return [at for at, event in self.events if event["type"] == type]

    def text(self, side: str) -> str:
        return "".join(event["delta"] for event in self.of(f"session.{side}_transcript.delta"))

    def commentary(self, text: str, **fields: Any) -> None:
        self.command("session.commentary.append", content=text, delegation_id=None, **fields)


@asynccontextmanager
async def joined(
    world: World, settings: Settings = SETTINGS, **fields: Any
) -> AsyncIterator[tuple[VirtualClient, LiveSession, asyncio.Task[None]]]:
    """A session that runs; afterwards nothing of it is left."""
    client = VirtualClient()
    openings = Openings(MODELS, lambda: settings)
    opening = openings.open({"model": "gpt-live-1", **fields}, lambda: OutputDefaults("wav"), rate=24_000)
    async with LiveSession(opening, client, lambda context: world.parts(), lambda: settings, clock=now) as session:
        running = asyncio.create_task(session.run("start"))
        try:
            yield client, session, running
        finally:
            running.cancel()
            await asyncio.wait([running])
    assert (world.places, world.ready, world.running, world.voice.streams) == (0, 0, 0, 0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
