"""Limits the sockets that are open at once, and closes them at shutdown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from stts.access.concurrency import Concurrency, GiveBack
from stts.access.key_uses import ENDED
from stts.access.keys import AccessKey
from stts.access.limits import limits_of
from stts.access.place_ahead import SharedPlaces
from stts.access.principal import Principal
from stts.access.quota_refusals import QuotaRefusals
from stts.errors import Busy, ShuttingDown, STTSError, TooManyRequests, Unauthorized
from stts.peers.limits import PeerPlaces
from stts.settings import CurrentSettings
from stts.streams.spool import MIB, SpoolSpace

RETRY_SECONDS = 5.0
"""Seconds after which a refused client may try again."""
DRAIN_SECONDS = 5.0
"""Seconds for all connections to close."""


class LimitedConnection(Protocol):
    @property
    def principal(self) -> Principal:
        """The caller that opened it."""
        ...

    @property
    def network(self) -> str:
        """The client's network, as far as it counts for limits."""
        ...

    @property
    def listener(self) -> str | None:
        """Name of the listener that it came by."""
        ...

    def close_with(self, error: STTSError) -> None:
        """Ends the connection with this error. Returns at once."""
        ...


class ConnectionLimiter:
    """One for the application."""

    def __init__(
        self,
        settings: CurrentSettings,
        refusals: QuotaRefusals | None = None,
        shared: SharedPlaces | None = None,
        of_all: PeerPlaces | None = None,
    ) -> None:
        """`refusals` is told of each session that a quota refuses. `shared`: None where this process counts those of
        callers alone; `of_all`: None where it counts those of all callers alone."""
        self.settings = settings
        self._refusals = refusals or QuotaRefusals()
        self._connections: set[LimitedConnection] = set()
        self._arrived: set[LimitedConnection] = set()
        """Those, and those that wait for a place: the key may end meanwhile."""
        self._changed = asyncio.Event()
        self._closed = False
        self._sessions = Concurrency("sessions", shared)
        self._of_all = of_all
        self.spools = SpoolSpace(lambda: settings().limits.spools_mib * MIB)
        """Bytes received from all clients together and not processed yet."""

    @property
    def open(self) -> int:
        """Connections now."""
        return len(self._connections)

    @asynccontextmanager
    async def taken(self, connection: LimitedConnection) -> AsyncIterator[None]:
        """Raises TooManyRequests where its caller has all sessions that it may have, Busy where no place becomes free
        for a while, LimitsAway, and ShuttingDown once the server stops."""
        give_back = await self._take_session(connection)
        holder = None
        self._arrived.add(connection)
        try:
            holder = await self._place_of_all()
            await self._free_place()
            self._connections.add(connection)
            yield
        finally:
            self._connections.discard(connection)
            self._changed.set()
            self._arrived.discard(connection)
            if self._of_all is not None and holder is not None:
                self._of_all.give_back(holder)
            give_back()

    async def _take_session(self, connection: LimitedConnection) -> GiveBack:
        limits = limits_of(connection.principal, connection.network, self.settings().quotas)
        try:
            return await self._sessions.take(limits.subjects)
        except TooManyRequests as error:
            self._refusals.tell(connection.principal, error.code, "WS")
            raise

    async def _place_of_all(self) -> str | None:
        """The holder of a place among the sessions of all workers; None where this process counts alone."""
        if self._of_all is None:
            return None
        limits = self.settings().limits
        holder = await self._of_all.wait("live sessions", limits.live_sessions, limits.place_seconds)
        if holder is None:
            raise self._busy()
        return holder

    def _busy(self) -> Busy:
        most = self.settings().limits.live_sessions
        return Busy(f"All {most} live sessions of this server are taken.", retry_after=RETRY_SECONDS)

    async def _free_place(self) -> None:
        """Waits a little: a client that has just left is told so before what it had is given back."""
        limits = self.settings().limits
        try:
            async with asyncio.timeout(limits.place_seconds):
                while len(self._connections) >= limits.live_sessions and not self._closed:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise self._busy() from None
        if self._closed:
            raise ShuttingDown("The server is stopping.")

    def keys_in_use(self) -> list[AccessKey]:
        """The keys that connections were opened with, as they were then."""
        return [key for connection in self._arrived if (key := connection.principal.key) is not None]

    def end_key(self, key_id: str) -> None:
        """Ends the connections that were opened with a key that opens nothing any more."""
        for connection in tuple(self._arrived):
            if (key := connection.principal.key) is not None and key.id == key_id:
                connection.close_with(Unauthorized(ENDED))

    def end_listener(self, name: str) -> None:
        """Asks all to leave that came by a listener which stops."""
        for connection in tuple(self._arrived):
            if connection.listener == name:
                connection.close_with(ShuttingDown("This address of the server is stopping."))

    async def drain(self) -> None:
        """Lets nobody in any more, asks all to leave, and waits for them for a while."""
        self._closed = True
        self._changed.set()
        for connection in tuple(self._connections):
            connection.close_with(ShuttingDown("The server is stopping."))
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while self._connections:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return
