"""Door: accepts connections at one socket, and makes those that stay into protocols."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

import structlog

from middleware.serving.listening import BACKLOG
from middleware.serving.load import Load

MOST_AT_ONCE = 64
"""Connections that are accepted before the event loop does anything else."""
REST_SECONDS = 1.0
"""Pause where the system has no files or memory for another connection, as asyncio makes it."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Door:
    """Open from when it is made; it owns the socket."""

    def __init__(
        self,
        listens: socket.socket,
        factory: Callable[[], asyncio.Protocol],
        tls: ssl.SSLContext | None,
        load: Load,
        place: Callable[[Door, socket.socket], None],
        closed: Callable[[Door], None],
    ) -> None:
        """`place`: gets each connection that comes, and calls `serve` for those that are to stay; `closed`: is told
        when it lets nobody in any more."""
        self.where = "{}:{}".format(*listens.getsockname()[:2])
        """The same in all workers."""
        self._listens = listens
        self._factory = factory
        self._tls = tls
        self._load = load
        self._place = place
        self._closed = closed
        self._loop = asyncio.get_running_loop()
        self._beginning: dict[asyncio.Task[None], socket.socket] = {}
        self._resting: asyncio.TimerHandle | None = None
        listens.listen(BACKLOG)
        self._open()

    def serve(self, connection: socket.socket) -> None:
        """Lets it in. Works also when this door is closed: whoever was accepted is served."""
        connection.setblocking(False)
        self._load.expect()
        task = self._loop.create_task(self._begin(connection))
        self._beginning[task] = connection
        task.add_done_callback(self._beginning.pop)

    def close(self) -> None:
        """May be called again."""
        if self._resting is not None:
            self._resting.cancel()
        if self._listens.fileno() >= 0:
            self._loop.remove_reader(self._listens.fileno())
            self._listens.close()
            self._closed(self)

    async def wait_closed(self) -> None:
        """Ends those that have not got as far as to say anything, such as a client of TLS that is silent."""
        for connection in self._beginning.values():
            # Not their tasks: whether one of those has counted its connection already, nobody could tell.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        if self._beginning:
            await asyncio.wait(self._beginning)

    def _open(self) -> None:
        self._resting = None
        self._loop.add_reader(self._listens.fileno(), self._accept)

    def _accept(self) -> None:
        for _ in range(MOST_AT_ONCE):
            try:
                connection, _ = self._listens.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                log.error("connection_not_accepted", reason=error.strerror, next_try_after=REST_SECONDS)
                self._loop.remove_reader(self._listens.fileno())
                self._resting = self._loop.call_later(REST_SECONDS, self._open)
                return
            self._place(self, connection)

    async def _begin(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._factory, connection, ssl=self._tls)
        except OSError:  # It has gone again, or speaks no TLS.
            self._load.miss()
