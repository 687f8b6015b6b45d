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
        self.port = 0
        """While it listens: the port it listens on."""

    @property
    def connections(self) -> int:
        return len(self._connections)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """At the end requests in work may go on for `server.drain_seconds`. Raises OSError for an address in use."""
        wanted = self._settings().wyoming
        listener = await asyncio.start_server(self._connected, wanted.host, wanted.port, limit=LINE_BYTES)
        self.port = listener.sockets[0].getsockname()[1]
        log.info("wyoming_listening", host=wanted.host, port=self.port)
        try:
            yield
        finally:
            listener.close()
            await self._drain()

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
        tasks = list(self._connections.values())
        if not tasks:
            return
        drained = [asyncio.create_task(connection.drain()) for connection in self._connections]
        await asyncio.wait(drained, timeout=self._settings().server.drain_seconds)
        for task in (*drained, *tasks):
            task.cancel()
        await asyncio.wait([*drained, *tasks])


def _context(kind: RequestType) -> RequestContext:
    return RequestContext(kind, metadata={"route": ROUTE, "principal": ANONYMOUS})
