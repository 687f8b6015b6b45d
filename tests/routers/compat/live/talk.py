"""One Live session of the official client: every event it gets is checked against the client's own types."""

from __future__ import annotations

import asyncio
import json
import time
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import openai
from openai.resources.live.live import AsyncLiveConnection
from openai.resources.live.sideband import AsyncSidebandConnection
from openai.types.live import ConnectServerEvent, ServerEvent
from pydantic import TypeAdapter

from tests.event_log import Event, EventLog
from tests.patient import OFFICIAL_SOCKET, PATIENCE

SERVER_EVENTS: TypeAdapter[Any] = TypeAdapter(ServerEvent)
SIDEBAND_EVENTS: TypeAdapter[Any] = TypeAdapter(ConnectServerEvent)
RATE = 24_000
"""Hz."""
APPEND_SECONDS = 0.1
DELTA = "session.output_audio.delta"


def tone(seconds: float, rate: int = RATE) -> bytes:
    return np.full(round(seconds * rate), 9000, "<i2").tobytes()


def silence(seconds: float, rate: int = RATE) -> bytes:
    return bytes(2 * round(seconds * rate))


@asynccontextmanager
async def connected(client: openai.AsyncOpenAI, **options: Any) -> AsyncIterator[AsyncLiveConnection]:
    async with client.live.connect(websocket_connection_options=OFFICIAL_SOCKET, **options) as connection:
        yield connection


@asynccontextmanager
async def sideband(client: openai.AsyncOpenAI, session_id: str) -> AsyncIterator[AsyncSidebandConnection]:
    attaching = client.live.sideband.connect(session_id=session_id, websocket_connection_options=OFFICIAL_SOCKET)
    async with attaching as connection:
        yield connection


class Talk(EventLog):
    def __init__(
        self, connection: AsyncLiveConnection | AsyncSidebandConnection, events: TypeAdapter[Any] = SERVER_EVENTS
    ) -> None:
        super().__init__()
        self.connection = connection
        self.audio: list[tuple[float, bytes]] = []
        """When each piece of output came, by the monotonic clock."""
        self.spans: list[tuple[int, int]] = []
        """Begin and end of each piece of output that a sideband got."""
        self.started_at = 0.0
        self._types = events

    async def start(self, **session: Any) -> Event:
        await self.send("session.start", session={"model": "gpt-live-1", **session})
        return (await self.until("session.started"))["session"]  # type: ignore[no-any-return]

    async def send(self, type: str, **fields: Any) -> None:
        await self.connection.send({"type": type, **fields})  # type: ignore[arg-type]

    async def append(self, data: bytes) -> None:
        await self.send("session.input_audio.append", audio=b64encode(data).decode())

    async def say(self, *parts: bytes, rate: int = RATE, pace: float = 1.0) -> None:
        """In real time; `pace` 0: as fast as it goes."""
        data = b"".join(parts)
        step = 2 * round(APPEND_SECONDS * rate)
        due = time.monotonic()
        for start in range(0, len(data), step):
            await self.append(data[start : start + step])
            due += APPEND_SECONDS * pace
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def next(self) -> Event:
        async with asyncio.timeout(PATIENCE):
            event: Event = json.loads(await self.connection.recv_bytes())
        if event["type"] == DELTA:
            self.audio.append((time.monotonic(), b64decode(event["delta"])))
            if "start_ms" in event:
                self.spans.append((event["start_ms"], event["end_ms"]))
            assert set(event) - {"start_ms", "end_ms"} == {"type", "delta"}
            return event
        told = self._types.validate_python(event, strict=True)
        assert told.type == event["type"]
        assert not set(event) - set(type(told).model_fields), event
        assert event["type"] == "session.input_audio.append" or event["event_id"]
        if event["type"] == "session.started":
            self.started_at = time.monotonic()
        self.events.append(event)
        return event

    async def listen(self, seconds: float) -> None:
        """Takes what comes for a while."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            await self.next()

    async def error(self) -> Event:
        return (await self.until("error"))["error"]  # type: ignore[no-any-return]

    def text(self, side: str) -> str:
        return "".join(event["delta"] for event in self.of(f"session.{side}_transcript.delta"))

    def sound(self) -> bytes:
        return b"".join(data for _, data in self.audio)
