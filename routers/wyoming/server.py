"""The listener for Wyoming clients, on a port of its own beside those of HTTP, with a bound on them.

Where all places are taken, the client that has had nothing to do for longest makes room for a new one.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import structlog

from middleware.serving.file_limit import SPARE_WYOMING
from middleware.serving.listening import Accepting, Addresses
from middleware.serving.load import Load
from routers.wyoming.connection import Connection
from routers.wyoming.frames import LINE_BYTES
from routers.wyoming.info import Describer
from stts.access.audit_trail import AuditTrail
from stts.access.networks import is_inside, network_of
from stts.access.principal import WYOMING_CLIENT
from stts.context import Priority, RequestContext, RequestFacts, RequestType
from stts.conversation.services import ServicesFor
from stts.errors import Busy, Forbidden
from stts.settings import CurrentSettings
from stts.streams.spool import SpoolSpace

ROUTE = "wyoming"
"""Name of the route in logs."""

LOG_SECONDS = 60.0
"""Seconds between two log lines about a full server."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class WyomingServer:
    """The protocol knows no keys: whoever reaches the port may use it."""

    def __init__(
        self,
        services: ServicesFor,
        describer: Describer,
        settings: CurrentSettings,
        spools: SpoolSpace,
        audit: AuditTrail | None = None,
        shared: Addresses | None = None,
    ) -> None:
        """`spools`: for what clients send ahead; `audit`: None where no audit trail is kept; `shared`: addresses that
        several workers have; None: it takes its address itself. Raises CannotListen."""
        self._services = services
        self._describer = describer
        self._settings = settings
        self._spools = spools
        self._audit = audit
        wanted = settings().wyoming
        self._shared = shared
        self._listens = None if shared is None else shared.listening(wanted.host, wanted.port, ROUTE)
        self._inside: dict[Connection, None] = {}
        """Connections that hold a slot, the oldest first."""
        self._connections: dict[Connection, asyncio.Task[None]] = {}
        """All connections with a task, those being refused included."""
        self._leaving: dict[Connection, asyncio.Task[None]] = {}
        self._listener: Accepting | None = None
        self._stopped = asyncio.Event()
        self._logged_at: float | None = None
        self._unlogged: Counter[str] = Counter()

    async def serve(self, started: Callable[[], None]) -> None:
        async with self.listening():
            started()
            await self._stopped.wait()

    def stop(self, *, at_once: bool) -> None:
        self._stopped.set()
        if at_once:
            for task in (*self._connections.values(), *self._leaving.values()):
                task.cancel()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listens; at the end no connection is open any more. Raises OSError for an address in use."""
        await self._listen()
        try:
            yield
        finally:
            await self.leave()
            await self._drain()

    async def _listen(self) -> None:
        wanted = self._settings().wyoming
        if self._shared is not None and self._listens is not None:
            self._listener = await self._shared.accept(self._listens, partial(self._counted, self._shared.load), None)
            place = self._listens.getsockname()
        else:
            try:
                alone = await asyncio.start_server(self._connected, wanted.host, wanted.port, limit=LINE_BYTES)
            except OSError as error:
                log.error("wyoming_cannot_listen", host=wanted.host, port=wanted.port, reason=error.strerror)
                raise
            self._listener, place = alone, alone.sockets[0].getsockname()
        log.info("wyoming_listening", host=wanted.host, port=place[1])

    def _counted(self, load: Load) -> asyncio.Protocol:
        return _Counted(load, asyncio.StreamReader(LINE_BYTES), self._connected)

    async def leave(self) -> None:
        """Accepts no more connections; each closes once its current request is done."""
        if self._listener is not None:
            self._listener.close()
        for connection in self._connections:
            if connection not in self._leaving:
                self._leaving[connection] = asyncio.create_task(connection.drain(), name="wyoming leave")

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        if peer is None:  # It was reset before: what it had sent would be done as if it came from this machine.
            writer.transport.abort()
            return
        address: str = peer[0]
        if not may_enter(address, self._settings().wyoming.allowed_addresses):
            self._log_full("foreign")
            if self._audit is not None:
                self._audit.access_refused(None, address, Forbidden.status, ROUTE)
            writer.transport.abort()
            return
        services = self._services(partial(_context, network_of(address)))
        connection = Connection(reader, writer, services, self._describer, self._settings, self._spools)
        if self._has_place():
            self._inside[connection] = None
            stay = connection.serve()
        elif len(self._connections) - len(self._inside) < SPARE_WYOMING:
            error = Busy("Too many clients are connected.")
            error.is_logged = True
            stay = connection.refuse(error)
        else:
            connection.hang_up()
            return
        task = asyncio.create_task(stay, name="wyoming client")
        self._connections[connection] = task
        task.add_done_callback(partial(self._left, connection))

    def _has_place(self) -> bool:
        """Frees a slot for a waiting client if it can; True if there is one."""
        if len(self._inside) < self._settings().wyoming.connections:
            return True
        waiting = {each: seconds for each in self._inside if (seconds := each.waiting_seconds) is not None}
        longest = max(waiting, key=waiting.__getitem__, default=None)
        if longest is not None:
            del self._inside[longest]
            longest.hang_up()
        self._log_full("cut" if longest is not None else "refused")
        return longest is not None

    def _log_full(self, what: str) -> None:
        """One line for many: the first at once, the others with the first after `LOG_SECONDS`."""
        self._unlogged[what] += 1
        now = asyncio.get_running_loop().time()
        if self._logged_at is None or now >= self._logged_at + LOG_SECONDS:
            self._logged_at = now
            log.warning("wyoming_full", **self._unlogged, open=len(self._inside), next_line_after=LOG_SECONDS)
            self._unlogged.clear()

    def _left(self, connection: Connection, task: asyncio.Task[None]) -> None:
        self._inside.pop(connection, None)
        del self._connections[connection]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("wyoming_failed", exc_info=error)

    async def _drain(self) -> None:
        """Waits `server.drain_seconds` for all connections to close, then closes them."""
        tasks = [*self._connections.values(), *self._leaving.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=self._settings().server.drain_seconds)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


class _Counted(asyncio.StreamReaderProtocol):
    """A connection that is a part of the load of its worker."""

    def __init__(self, load: Load, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._load = load

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._load.enter()
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._load.leave()
        super().connection_lost(error)


def may_enter(address: str, networks: Sequence[str]) -> bool:
    """True for this machine, for allowed networks, and for everybody where none is named."""
    return not networks or not network_of(address) or any(is_inside(address, each) for each in networks)


def _context(network: str, kind: RequestType) -> RequestContext:
    """A context of a connection from this network, whose limits it counts for."""
    facts = RequestFacts(route=ROUTE, network=network, listener=ROUTE)
    return RequestContext(kind, principal=WYOMING_CLIENT, priority=Priority.REALTIME, input_data=facts)
