"""Servers that are killed and started anew while clients go on asking, each with clients of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.client import BadAnswer
from benchmarks.server import Server, running_in
from load.desk import PATIENCE_SECONDS, Desk, Key, Missing
from load.ledger import Ledger
from load.traffic import FAILURES, PAUSE_SECONDS, TEXT, Speaker

NOT_NOW = (429, 503)
"""Refusals that say when to try again; a client loses nothing by them."""
T = TypeVar("T")


class Side:
    """One of the servers, in each of its lives."""

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        folder.mkdir()
        self._folder, self._settings = folder, settings
        self._life = ExitStack()
        self.server: Server | None = None
        """None while it is dead."""
        self.kills = 0

    @property
    def alive(self) -> Server:
        assert self.server is not None
        return self.server

    async def start(self) -> None:
        running = running_in(self._folder, self._settings)
        self.server = await asyncio.to_thread(self._life.enter_context, running)

    async def kill(self) -> None:
        server, self.server = self.alive, None
        self.kills += 1
        server.process.kill()
        await self.stop()

    async def stop(self) -> None:
        await asyncio.to_thread(self._life.close)


class Visitor:
    """Asks a side while it lives. A call that fails with its server, or is told when to try again, has not failed."""

    kind = "visit"

    def __init__(self, side: Side) -> None:
        self._side = side

    async def call(self, ledger: Ledger) -> None:
        if (server := self._side.server) is None:
            await asyncio.sleep(PAUSE_SECONDS)
            return
        kills = self._side.kills
        try:
            await self.visit(server.port, ledger)
        except FAILURES as error:
            is_told = isinstance(error, BadAnswer) and error.status in NOT_NOW and error.retry_after is not None
            if kills == self._side.kills and not is_told:
                raise
            await asyncio.sleep(PAUSE_SECONDS)

    async def visit(self, port: int, ledger: Ledger) -> None:
        raise NotImplementedError

    def leave(self) -> None:
        """Between two visits it holds nothing."""


class SpeakingVisitor(Visitor):
    kind = "speech"

    def __init__(self, side: Side, key: str) -> None:
        super().__init__(side)
        self._key = key
        self.asked = 0
        """Characters of all texts, also of those whose answer was lost."""

    async def visit(self, port: int, ledger: Ledger) -> None:
        self.asked += len(TEXT)
        speaker = Speaker(port, self._key)
        try:
            await speaker.call(ledger)
        finally:
            speaker.leave()


class KeyMaker(Visitor):
    """Makes keys, and keeps those that it was told of."""

    kind = "new key"

    def __init__(self, side: Side, admin: str) -> None:
        super().__init__(side)
        self._admin = admin
        self.made: list[Key] = []

    async def visit(self, port: int, ledger: Ledger) -> None:
        began = time.monotonic()
        self.made.append(await Desk(port, self._admin).new_key())
        ledger.answered(self.kind, began)
        await asyncio.sleep(PAUSE_SECONDS)


async def patiently(ask: Callable[[], Awaitable[T]], is_enough: Callable[[T], bool] = lambda _: True) -> T:
    """Asks until the answer is enough; being told to come again is no answer. Raises Missing."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    said = "no answer that is enough came"
    while time.monotonic() < deadline:
        try:
            if is_enough(answer := await ask()):
                return answer
        except FAILURES as error:
            said = str(error)[:200]
        await asyncio.sleep(PAUSE_SECONDS)
    raise Missing(said)
