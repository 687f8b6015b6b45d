"""A client of the sockets that speak: everything it is told, in order, JSON and audio."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from stts.settings import EngineSettings, LimitSettings, Settings, StorageSettings, TTSSettings
from tests import patient
from tests.fakes import NO_FALL_BACK, registry
from tests.patient import PATIENCE
from tests.server import RunningServer, running

Event = dict[str, Any]
RATE = 16_000
"""Sample rate in Hz of the tone engine, which speaks a character in 60 ms."""
CHARACTER_BYTES = 60 * RATE // 1000 * 2


@contextmanager
def speaking(folder: Path, speed: float = 1e9, **limits: float) -> Iterator[RunningServer]:
    """A server whose tone speaks so many times faster than real time. Its pieces are as long as their clauses."""
    settings = Settings(
        tts=TTSSettings(order=("tone",), first_chunk_seconds=10.0),
        storage=StorageSettings(root=str(folder / "data")),
        engines=EngineSettings(options={"tone": {"fail_on": "explode", "speed": speed}}),
        routing=NO_FALL_BACK,
        limits=LimitSettings.model_validate({"text_characters": 2000, **limits}),
    )
    with running(settings, registry()) as server:
        patient.get(f"{server.url}/tts", params={"text": "warm"}).raise_for_status()
        yield server


class Reader:
    def __init__(self, client: ClientConnection) -> None:
        self.client = client
        self.told: list[Event | bytes] = []

    @property
    def events(self) -> list[Event]:
        return [item for item in self.told if isinstance(item, dict)]

    @property
    def data(self) -> bytes:
        return b"".join(item for item in self.told if isinstance(item, bytes))

    def of(self, kind: str) -> list[Event]:
        return [event for event in self.events if event["type"] == kind]

    def audio(self, number: int, index: str = "utterance") -> bytes:
        """Audio of one utterance, between its first event and its last."""
        places = [place for place, item in enumerate(self.told) if isinstance(item, dict) and item.get(index) == number]
        return b"".join(item for item in self.told[places[0] : places[-1]] if isinstance(item, bytes))

    async def say(self, *messages: Event) -> None:
        for message in messages:
            await self.client.send(json.dumps(message))

    async def next(self) -> Event | bytes:
        message = await asyncio.wait_for(self.client.recv(), PATIENCE)
        self.told.append(json.loads(message) if isinstance(message, str) else message)
        return self.told[-1]

    async def until(self, kind: str, wanted: Callable[[Event], bool] = lambda event: True) -> Event:
        while True:
            item = await self.next()
            if isinstance(item, dict) and item["type"] == kind and wanted(item):
                return item

    async def to_the_end(self) -> int | None:
        """The close code, after all that comes."""
        try:
            while True:
                await self.next()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd is not None else None


@asynccontextmanager
async def reading(server: RunningServer, path: str) -> AsyncIterator[Reader]:
    async with patient.connect(f"{server.url.replace('http', 'ws')}{path}") as client:
        yield Reader(client)


async def quiet(server: RunningServer, before: list[str]) -> None:
    """Waits until no more runs in the server than before."""
    async with asyncio.timeout(PATIENCE), patient.AsyncClient() as client:
        while True:
            engine = (await client.get(f"{server.url}/engines/tone")).json()
            tasks = await asyncio.to_thread(server.tasks)
            if engine["running"] == engine["waiting"] == 0 and len(tasks) <= len(before):
                return
            await asyncio.sleep(0.01)
