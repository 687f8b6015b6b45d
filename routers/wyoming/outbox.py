"""Outbox of one client: sends events in order, and a last error before the connection closes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import structlog

from routers.wyoming.frames import Event, encoded
from stts.errors import STTSError
from stts.settings import CurrentSettings

GOODBYE_SECONDS = 10.0
"""Seconds for a client to read the error before the connection is closed: many read when they have said all."""
DISCARD_BYTES = 65_536

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Outbox:
    def __init__(
        self, writer: asyncio.StreamWriter, settings: CurrentSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._writer = writer
        self._settings = settings
        self._clock = clock
        self._stuck_since: float | None = None

    @property
    def untaken(self) -> bool:
        """True if the client has yet to read something."""
        return self._writer.transport.get_write_buffer_size() > 0

    @property
    def stuck_seconds(self) -> float:
        """Seconds that it has waited for the client to read."""
        return 0.0 if self._stuck_since is None else self._clock() - self._stuck_since

    async def send(self, event: Event) -> None:
        """Raises OSError when the client is gone or reads nothing for too long."""
        self._writer.write(encoded(event))
        if self._stuck_since is None:
            self._stuck_since = self._clock()
        async with asyncio.timeout(self._settings().limits.idle_seconds):
            await self._writer.drain()
        self._stuck_since = None

    async def refuse(self, error: STTSError, reader: asyncio.StreamReader) -> None:
        """Sends the error and lets the client hang up first, since data it still sends would make it lose the event."""
        if not error.is_logged:
            log.info("wyoming_refused", code=error.code)
        with suppress(OSError):
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self.send(Event("error", {"text": error.message, "code": error.code}))
                self._writer.write_eof()
                while await reader.read(DISCARD_BYTES):
                    pass
        self.close()

    def close(self) -> None:
        self._writer.close()

    def abort(self) -> None:
        """Drops what the client has not read."""
        self._writer.transport.abort()
