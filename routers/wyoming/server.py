"""The listener for Wyoming clients, on a port of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import structlog

from middleware.edge.principal import ANONYMOUS
from routers.wyoming.connection import Connection
from routers.wyoming.frames import LINE_BYTES
from routers.wyoming.info import Describer
from stts.context import RequestContext, RequestType
from stts.conversation.parts import PartsFor
from stts.errors import Busy
from stts.settings import CurrentSettings

ROUTE = "wyoming"
"""What stands for the route in logs."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class WyomingServer:
    """The protocol knows no keys: whoever reaches the port may use it."""

    def __init__(self, parts: PartsFor, describer: Describer, settings: CurrentSettings) -> None:
        self._parts = parts(_context)
        self._describer = describer
        self._settings = settings
        self._connections: dict[Connection, asyncio.Task[None]] = {}
        """All that have a task, those that are being turned away included."""
        self._leaving: dict[Connection, asyncio.Task[None]] = {}
        self._listener: asyncio.Server | None = None

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Where `wyoming.enabled`; at the end nobody is inside any more. Raises OSError for an address in use."""
        wanted = self._settings().wyoming
        if not wanted.enabled:
            yield
            return
        try:
            self._listener = await asyncio.start_server(self._connected, wanted.host, wanted.port, limit=LINE_BYTES)
        except OSError as error:
            log.error("wyoming_cannot_listen", host=wanted.host, port=wanted.port, reason=error.strerror)
            raise
        log.info("wyoming_listening", host=wanted.host, port=self._listener.sockets[0].getsockname()[1])
        try:
            yield
        finally:
            await self.leave()
            await self._drain()

    async def leave(self) -> None:
        """Lets nobody in any more, and asks all to leave when the request that is worked on is done."""
        if self._listener is not None:
            self._listener.close()
        for connection in self._connections:
            if connection not in self._leaving:
                self._leaving[connection] = asyncio.create_task(connection.drain(), name="wyoming leave")

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer, self._parts, self._describer, self._settings)
        full = len(self._connections) >= self._settings().wyoming.connections
        stay = connection.refuse(Busy("Too many clients are connected.")) if full else connection.serve()
        task = asyncio.create_task(stay, name="wyoming client")
        self._connections[connection] = task
        task.add_done_callback(partial(self._left, connection))

    def _left(self, connection: Connection, task: asyncio.Task[None]) -> None:
        del self._connections[connection]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("wyoming_failed", exc_info=error)

    async def _drain(self) -> None:
        """Waits for all to leave for `server.drain_seconds`, and makes them."""
        tasks = [*self._connections.values(), *self._leaving.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=self._settings().server.drain_seconds)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


def _context(kind: RequestType) -> RequestContext:
    return RequestContext(kind, metadata={"route": ROUTE, "principal": ANONYMOUS})
