"""A client of the native sockets over the whole server: all that it is told is checked against the published schema."""

from __future__ import annotations

import asyncio
import json
import re
import struct
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any
from urllib.parse import urlencode

import numpy as np
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from stts.engine_api import Samples
from tests import patient
from tests.engines.speech import DATA, read
from tests.event_log import Event, EventLog
from tests.patient import PATIENCE
from tests.routers.websocket.shapes import shape
from tests.server import RunningServer

RATE = 16_000
MESSAGE_SECONDS = 0.06

EAR = "voice activity"
"""A task for all sessions, which stays a while after the last."""


@cache
def spoken(seconds: float = 1.6) -> Samples:
    """The beginning of a recording, without the silence before it."""
    samples = read(DATA / "weather.flac")
    first = int(np.argmax(np.abs(samples) > 0.02))
    return samples[first : first + int(seconds * RATE)]


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)


def pcm(*parts: Samples) -> bytes:
    return (np.clip(np.concatenate(parts), -1, 1) * 32767).astype("<i2").tobytes()


class Caller(EventLog):
    def __init__(self, connection: ClientConnection, side: str) -> None:
        super().__init__()
        self.connection = connection
        self.frames: list[tuple[int, int, bytes, int]] = []
        """Generation, sequence, PCM, and how many events had come before."""
        self._shape = shape(side)

    async def send(self, type: str, **fields: Any) -> None:
        await self.connection.send(json.dumps({"type": type, **fields}))

    async def say(self, *parts: Samples, live: bool = False) -> None:
        """As fast as it goes, or in real time."""
        data, step = pcm(*parts), 2 * round(MESSAGE_SECONDS * RATE)
        for start in range(0, len(data), step):
            await self.connection.send(data[start : start + step])
            if live:
                await asyncio.sleep(MESSAGE_SECONDS)

    async def next(self) -> Event | None:
        """The next message; None for audio."""
        async with asyncio.timeout(PATIENCE):
            message = await self.connection.recv()
        if isinstance(message, bytes):
            generation, sequence = struct.unpack_from("<II", message)
            self.frames.append((generation, sequence, message[8:], len(self.events)))
            return None
        event: Event = json.loads(message)
        self._shape.validate(event)
        self.events.append(event)
        return event

    async def audio(self, seconds: float, generation: int | None = None) -> int:
        """Waits until so much of a reply has come, of the newest if none is named; its generation."""
        while True:
            await self.next()
            newest = self.frames[-1][0] if self.frames else 0
            if generation in (None, newest) and self.seconds(newest) >= seconds:
                return newest

    async def alive(self) -> None:
        """The session answers, and nothing went wrong that was not waited for."""
        await self.send("ping", text="still there?")
        begun = self._read
        await self.until("pong")
        assert [event for event in self.events[begun:] if event["type"] == "error"] == []

    async def ended(self) -> int:
        """The close code, after whatever else comes."""
        try:
            while True:
                await self.next()
        except ConnectionClosed as closed:
            assert closed.rcvd is not None
            return closed.rcvd.code

    def seconds(self, generation: int, rate: int = 24_000) -> float:
        return sum(len(data) for number, _, data, _ in self.frames if number == generation) / 2 / rate


def address(server: RunningServer, path: str, **query: Any) -> str:
    return f"ws{server.url.removeprefix('http')}{path}?{urlencode(query)}"


@asynccontextmanager
async def calling(
    server: RunningServer,
    path: str = "/ws/conversation/v2",
    *,
    greeted: bool = True,
    headers: dict[str, str] | None = None,
    **query: Any,
) -> AsyncGenerator[Caller, None]:
    side = {"/ws/conversation/v2": "conversation_v2_server", "/ws/conversation": "conversation_server"}[path]
    url = address(server, path, **query)
    async with patient.connect(
        url, additional_headers=headers or {}, max_size=None, max_queue=None, compression=None
    ) as connection:
        caller = Caller(connection, side)
        if greeted:
            await caller.until("session.created")
        yield caller


def running_requests(server: RunningServer) -> int:
    """Number of requests of all engines, in progress or waiting, without the shared VAD."""
    engines = patient.get(f"{server.url}/engines").json()
    return sum(engine["running"] + engine["waiting"] for engine in engines if engine["kind"] != "vad")


def tasks(server: RunningServer) -> list[str]:
    return sorted(re.sub(r"\d+", "", name) for name in server.tasks())


def until_idle(server: RunningServer, at_rest: list[str]) -> None:
    """Nothing is left of any session: the tasks are those of a server at rest, and no engine works."""
    deadline = time.monotonic() + PATIENCE
    while True:
        left = Counter(tasks(server)) - Counter([*at_rest, EAR])
        if not left and running_requests(server) == 0 and places(server) == 0:
            return
        assert time.monotonic() < deadline, left
        time.sleep(0.02)


def places(server: RunningServer) -> int:
    status: int = patient.get(f"{server.url}/ws/conversation/status").json()["active_connections"]
    return status
