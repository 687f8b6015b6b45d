"""Which connection holds which session: a client that comes back takes its session over from its older connection."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from routers.sockets.connection_limiter import LimitedConnection
from stts.errors import Conflict
from stts.streams.flag import Flag


class SessionHolders:
    """One for the process, so that a client may come back by another listener."""

    def __init__(self) -> None:
        self._holders: dict[str | None, tuple[LimitedConnection, Flag]] = {}
        """Connections by the session that they hold, each with the event that it has left."""

    async def take_over(self, session: str | None) -> None:
        """A client that has lost its connection is back before the server knows of the loss: the older one ends."""
        if session in self._holders:
            holder, left = self._holders[session]
            taken = Conflict("This session was resumed on another connection.", param="session")
            taken.retryable = False  # two clients would take it from each other for ever
            holder.close_with(taken)
            await left.wait()

    @asynccontextmanager
    async def held(self, session: str, holder: LimitedConnection) -> AsyncIterator[None]:
        """The connection holds the session until the context ends."""
        left = Flag()
        self._holders[session] = (holder, left)
        try:
            yield
        finally:
            del self._holders[session]
            left.set()
