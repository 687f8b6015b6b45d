"""Traffic: clients that call again and again for as long as a context lasts."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from benchmarks.client import BadAnswer, Connection
from load.ledger import Ledger

TEXT = "The ferry leaves at nine, and the last one comes back at six in the evening."
BYTES_A_SECOND = 48_000
"""Of speech in the rate of our engine, as pcm."""
PAUSE_SECONDS = 0.05
"""After a failure, so that a server that is away is not asked in a tight loop."""
FAILURES = (BadAnswer, OSError, EOFError, TimeoutError)
"""Ways in which a call fails for its client."""
CALL_SECONDS = 120.0
"""A call that takes longer has failed."""


class Caller(Protocol):
    kind: str

    async def call(self, ledger: Ledger) -> None:
        """Makes one call and notes its answer. Raises one of FAILURES."""

    def leave(self) -> None:
        """Hangs up."""


class Speaker:
    """POST /tts with one key on one connection, which is kept as long as it lives."""

    def __init__(self, port: int, key: str, *, stream: bool = False, text: str = TEXT) -> None:
        self.kind = "streamed speech" if stream else "whole speech"
        self._port, self._key, self._text = port, key, text
        self._body = json.dumps({"text": text, "stream": stream, "format": "pcm"}).encode()
        self._connection: Connection | None = None

    async def call(self, ledger: Ledger) -> None:
        began = time.monotonic()
        first = True
        try:
            if self._connection is None:
                self._connection = await Connection(self._port, self._key).__aenter__()
            async for part in self._connection.request("POST", "/tts", self._body):
                ledger.begun_characters += len(self._text) if first else 0
                ledger.audio_seconds += len(part.data) / BYTES_A_SECOND
                first = False
        except FAILURES:
            self.leave()
            raise
        ledger.answered(self.kind, began, len(self._text))

    def leave(self) -> None:
        if self._connection is not None:
            self._connection.leave()
            self._connection = None


@asynccontextmanager
async def traffic(callers: Sequence[Caller], ledger: Ledger) -> AsyncIterator[None]:
    """All callers at once; at the end each finishes the call that is under way."""
    stopping = asyncio.Event()
    tasks = [asyncio.create_task(_keep_calling(caller, ledger, stopping)) for caller in callers]
    try:
        yield
        stopping.set()
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for caller in callers:
            caller.leave()


async def _keep_calling(caller: Caller, ledger: Ledger, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        try:
            async with asyncio.timeout(CALL_SECONDS):
                await caller.call(ledger)
        except FAILURES as error:
            ledger.failed(caller.kind, error)
            await asyncio.sleep(PAUSE_SECONDS)
