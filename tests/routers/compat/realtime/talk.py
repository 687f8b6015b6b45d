"""One conversation of the official client: every event it gets is checked against the client's own types."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode, b64encode
from typing import Any

import numpy as np
from openai.resources.realtime.realtime import AsyncRealtimeConnection

from routers.compat.realtime.unset import MEANT_NULL
from tests.event_log import Event, EventLog
from tests.patient import PATIENCE
from tests.routers.compat.realtime.official import SERVER_EVENTS, nulls

RATE = 24_000
"""Hz."""
APPEND_SECONDS = 0.1


def tone(seconds: float) -> bytes:
    return np.full(round(seconds * RATE), 9000, "<i2").tobytes()


def silence(seconds: float) -> bytes:
    return bytes(2 * round(seconds * RATE))


class Talk(EventLog):
    def __init__(self, connection: AsyncRealtimeConnection, *, official: bool = True) -> None:
        super().__init__()
        self.connection = connection
        self._official = official

    @classmethod
    async def greeted(cls, connection: AsyncRealtimeConnection, *, official: bool = True) -> Talk:
        talk = cls(connection, official=official)
        first = await talk.next()
        assert first["type"] in ("session.created", "transcription_session.created"), first
        return talk

    async def send(self, type: str, **fields: Any) -> None:
        await self.connection.send({"type": type, **fields})  # type: ignore[arg-type]

    async def update(self, **session: Any) -> Event:
        await self.send("session.update", session={"type": "realtime", **session})
        return (await self.until("session.updated"))["session"]  # type: ignore[no-any-return]

    async def say(self, *parts: bytes, rate: int = RATE) -> None:
        """As fast as it goes."""
        data = b"".join(parts)
        step = 2 * round(APPEND_SECONDS * rate)
        for start in range(0, len(data), step):
            await self.append(data[start : start + step])

    async def append(self, data: bytes) -> None:
        await self.send("input_audio_buffer.append", audio=b64encode(data).decode())

    async def write(self, text: str, **fields: Any) -> None:
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        await self.send("conversation.item.create", item=item, **fields)

    async def next(self) -> Event:
        async with asyncio.timeout(PATIENCE):
            event: Event = json.loads(await self.connection.recv_bytes())
        if self._official:
            SERVER_EVENTS.validate_python(event, strict=True)
        assert set(nulls(event)) <= MEANT_NULL, event
        self.events.append(event)
        return event

    async def response(self) -> Event:
        """The next response, when it is done."""
        return (await self.until("response.done"))["response"]  # type: ignore[no-any-return]

    async def error(self) -> Event:
        return (await self.until("error"))["error"]  # type: ignore[no-any-return]

    async def alive(self) -> None:
        """The session still answers, and nothing else came meanwhile that was an error."""
        await self.send("input_audio_buffer.clear")
        await self.until("input_audio_buffer.cleared")

    def audio(self, response_id: str) -> bytes:
        deltas = self.of("response.output_audio.delta")
        return b"".join(b64decode(each["delta"]) for each in deltas if each["response_id"] == response_id)
