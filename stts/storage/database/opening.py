"""The stores, opened when they are first needed: a server without keys and without use never imports SQLAlchemy."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from stts.access.allowances import QuotaStore
from stts.access.audit import AuditStore
from stts.access.keys import KeyStore
from stts.analytics.usage import UsageStore
from stts.errors import DatabaseUnusable
from stts.jobs.store import BatchStore
from stts.settings import CurrentSettings
from stts.storage.database.address import DatabaseAddress
from stts.storage.database.circuit_breaker import CircuitBreaker
from stts.storage.database.migrations import HEAD
from stts.storage.database.versions import DatabaseTooNew

if TYPE_CHECKING:
    from stts.storage.database.stores import Stores

DatabaseState = Literal["unused", "opening", "up", "away", "failed"]


class StoreOpener:
    """One for the process."""

    def __init__(self, settings: CurrentSettings, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._opening = asyncio.Lock()
        self._breaker = CircuitBreaker(monotonic)
        self._stores: Stores | None = None
        self._ready = False
        self.failure: DatabaseUnusable | None = None
        """Why it will not open before the configuration is changed."""

    @property
    def state(self) -> DatabaseState:
        """`failed` where it will not open before the configuration is changed."""
        if self.failure is not None:
            return "failed"
        if self._stores is not None and self._stores.database.away_since is not None:
            return "away"
        if self._ready:
            return "up"
        return "opening" if self._opening.locked() else "unused"

    async def stores(self) -> Stores:
        """Opens and migrates it, once. Raises DatabaseAway, DatabaseTooNew, DatabaseNotInstalled."""
        if self._ready and self._stores is not None:
            return self._stores
        self._breaker.check()
        async with self._opening:
            try:
                # Whoever waited while it failed does not try again.
                with self._breaker.trying():
                    return await self._opened()
            except DatabaseUnusable as error:
                self.failure = error
                raise

    async def _opened(self) -> Stores:
        if self._stores is None:
            self._stores = await asyncio.to_thread(_over, DatabaseAddress.of(self._settings()))
        if not self._ready:
            await self._stores.database.migrate()
        self._ready, self.failure = True, None
        return self._stores

    async def keys(self) -> KeyStore:
        """As `stores`, for what knows no more than that."""
        return (await self.stores()).keys

    async def quotas(self) -> QuotaStore:
        """As `stores`, for what knows no more than that."""
        return (await self.stores()).quotas

    async def usage(self) -> UsageStore:
        """As `stores`, for what knows no more than that."""
        return (await self.stores()).usage

    async def audit(self) -> AuditStore:
        """As `stores`."""
        return (await self.stores()).audit

    async def batches(self) -> BatchStore:
        """As `stores`, for what knows no more than that."""
        return (await self.stores()).batches

    async def close(self) -> None:
        if self._stores is not None:
            await self._stores.database.close()


def _over(address: DatabaseAddress) -> Stores:
    # Its import takes 0.2 s and 20 MB.
    from stts.storage.database.stores import Stores

    return Stores.over(address)


def refuse_newer_file(address: DatabaseAddress) -> None:
    """Looks into an embedded database before the server starts, in a millisecond. Raises DatabaseTooNew."""
    if address.file is None or not address.file.exists():
        return
    try:
        connection = sqlite3.connect(f"{address.file.absolute().as_uri()}?mode=ro", uri=True)
        try:
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        finally:
            connection.close()
    except sqlite3.Error:
        return  # an empty one, or one that says more when it is opened
    if found is not None and found[0] > HEAD:
        raise DatabaseTooNew(address, found[0])
