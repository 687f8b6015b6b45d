"""A client of the sockets that keeps what it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from stts.engine_api import Samples
from tests import patient
from tests.patient import PATIENCE
from tests.routers.websocket.caller import pcm
from tests.server import RunningServer

Message = dict[str, Any]

KEY = "dg-key"
HEADERS = {"Authorization": f"Token {KEY}"}
RAW: Message = {"encoding": "linear16", "sample_rate": 16_000}


class Caller:
    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.messages: list[Message] = []
        self.audio: list[bytes] = []
        self.code: int | None = None
        self.reason = ""

    async def send(self, type: str, **fields: Any) -> None:
        await self.connection.send(json.dumps({"type": type, **fields}))

    async def say(self, *parts: Samples) -> None:
        data = pcm(*parts)
        for start in range(0, len(data), 3200):
            await self.connection.send(data[start : start + 3200])

    async def until(self, type: str) -> Message:
        """The next message of this type; those before it are kept too."""
        while True:
            async with asyncio.timeout(PATIENCE):
                received = await self.connection.recv()
            if isinstance(received, bytes):
                self.audio.append(received)
                continue
            message: Message = json.loads(received)
            self.messages.append(message)
            if message["type"] == type:
                return message

    async def ended(self) -> None:
        """Reads to the end."""
        try:
            await self.until("nothing has this type")
        except ConnectionClosed as closed:
            assert closed.rcvd is not None
            self.code, self.reason = closed.rcvd.code, closed.rcvd.reason

    def of(self, type: str) -> list[Message]:
        return [message for message in self.messages if message["type"] == type]

    def texts(self, *, final: bool = True) -> list[str]:
        found = [each for each in self.of("Results") if each["is_final"] is final]
        return [each["channel"]["alternatives"][0]["transcript"] for each in found]


@asynccontextmanager
async def calling(server: RunningServer, *, path: str = "/v1/listen", **query: Any) -> AsyncGenerator[Caller, None]:
    url = f"ws{server.url.removeprefix('http')}{path}?{urlencode(query, doseq=True)}"
    async with patient.connect(url, additional_headers=HEADERS, max_size=None) as connection:
        yield Caller(connection)
