"""Connections of the running server: one transaction a block, read or write, bounded in time.

SQLite knows one writer: writers wait for each other here and not in its busy loop. PostgreSQL's connections are tried
before they are used, because a restart of it leaves dead ones.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from stts.errors import DatabaseAway
from stts.storage.database.address import DatabaseAddress
from stts.storage.database.circuit_breaker import CircuitBreaker
from stts.storage.database.failures import translated_failures
from stts.storage.database.migrating import upgrade
from stts.storage.database.sqlite_connection import BEGIN_READING, BEGIN_WRITING, connect

CONNECTIONS = 5
"""Open at once."""
WRITES = "stts_writes"
"""Execution option of a connection whose transaction writes."""


class Database:
    """One for the process. It connects when it is first asked, and goes on being asked while the other side is away."""

    def __init__(self, address: DatabaseAddress) -> None:
        self.address = address
        self.away_since: float | None = None
        """`time.monotonic()` of the first failure after the last success."""
        self._engine = _engine(address)
        # SQLite only: a writer that waits in its busy loop holds a thread.
        self._writer = asyncio.Lock() if address.is_embedded else None
        self._breaker = CircuitBreaker()

    async def migrate(self) -> None:
        """Raises DatabaseAway, DatabaseTooNew."""
        try:
            await asyncio.to_thread(upgrade, self.address)
        except DatabaseAway:
            self._is_away()
            raise
        self.away_since = None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Raises DatabaseAway."""
        async with self._transaction(writes=False) as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """The writes hold when the block has ended without an error. Raises DatabaseAway."""
        async with self._turn(), self._transaction(writes=True) as connection:
            yield connection

    async def close(self) -> None:
        await self._engine.dispose()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Waits for the writer before, as long as for anything else."""
        if self._writer is None:
            yield
            return
        with translated_failures(self.address):
            async with asyncio.timeout(self.address.timeout_seconds):
                await self._writer.acquire()
        try:
            yield
        finally:
            self._writer.release()

    @asynccontextmanager
    async def _transaction(self, *, writes: bool) -> AsyncIterator[AsyncConnection]:
        try:
            with self._breaker.trying() as answered, translated_failures(self.address):
                async with asyncio.timeout(self.address.timeout_seconds), self._engine.connect() as connection:
                    answered()
                    await connection.execution_options(**{WRITES: writes})
                    async with connection.begin():
                        yield connection
        except DatabaseAway:
            self._is_away()
            raise
        self.away_since = None

    def _is_away(self) -> None:
        if self.away_since is None:
            self.away_since = time.monotonic()


def _engine(address: DatabaseAddress) -> AsyncEngine:
    if address.is_embedded:
        engine = create_async_engine(
            address.url.replace("sqlite://", "sqlite+aiosqlite://", 1),
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=address.timeout_seconds,
            connect_args={"timeout": address.timeout_seconds, "async_creator_fn": connect},
        )
        _configure_sqlite(engine)
        return engine
    with translated_failures(address):
        return create_async_engine(
            address.url.replace("postgresql://", "postgresql+psycopg://", 1),
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=address.timeout_seconds,
            pool_pre_ping=True,
            connect_args={"connect_timeout": max(2, round(address.timeout_seconds))},
        )


def _configure_sqlite(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql(BEGIN_WRITING if writes else BEGIN_READING)
