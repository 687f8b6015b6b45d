"""A connection that counts among those that are there, from its beginning to its end or its upgrade to a socket.

Between requests, and while its client reads slowly, it counts as one that waits: such are closed where there are too
many. One that is beyond the limit is heard all the same, for those who ask for health.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from middleware.serving.connections import SLOW, Connections


def _is_of_network(transport: asyncio.BaseTransport) -> bool:
    end = transport.get_extra_info("socket")
    return end is not None and end.family != socket.AF_UNIX


class CountedConnection(HttpToolsProtocol):
    def __init__(self, *arguments: Any, connections: Connections | None = None, **options: Any) -> None:
        """`connections`: this one is counted among them."""
        super().__init__(*arguments, **options)
        self._among = connections
        self._is_beyond = False
        """One too many: heard, but answered only where health is asked for."""
        self._left: asyncio.Future[None] = self.loop.create_future()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self._among is not None:
            self._is_beyond = not self._among.enter(transport, self.client[0] if self.client else None)
        if self.client is None and _is_of_network(transport):
            # It was reset before. What it had sent would be done as if it came from this machine, without limits.
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._among is not None:
            self._among.leave(self.transport)
        super().connection_lost(exc)
        self._left.set_result(None)
        if self.cycle is not None:
            self.cycle.body.clear()
        self.cycle = None  # type: ignore[assignment]  # what is still answered holds its connection
        self.pipeline.clear()

    def handle_websocket_upgrade(self) -> None:
        super().handle_websocket_upgrade()
        # It holds this, which is not told of the end of a connection that it has given away.
        self.parser = None  # type: ignore[assignment]

    def on_response_complete(self) -> None:
        if self._among is not None and not self.pipeline:
            self._among.waits(self.transport)
        super().on_response_complete()

    def pause_writing(self) -> None:
        if self._among is not None:
            self._among.waits(self.transport)
        super().pause_writing()

    def resume_writing(self) -> None:
        if self._among is not None and not self._is_idle():
            self._among.works(self.transport)
        super().resume_writing()

    def _cut(self, cycle: RequestResponseCycle) -> None:
        """Once it counts as left, uvicorn does not miss the rest of the answer."""
        if not cycle.response_complete:
            cycle.disconnected = True
            self.transport.close()

    def _is_idle(self) -> bool:
        """True if no request is being answered. False once the connection belongs to a socket."""
        return self.transport.get_protocol() is self and (self.cycle is None or self.cycle.response_complete)

    def _tell_slow(self) -> None:
        if self._among is not None:
            self._among.log_refusals(SLOW)
