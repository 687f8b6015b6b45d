"""Connections to SQLite: few changes of threads in a transaction, and an end in the middle of one that leaves nothing.

A transaction begins with its first statement, in the same change of threads, so that nobody holds the lock of the file
before there is something to do.

SQLAlchemy closes a connection whose caller is cancelled in order, in a task that nobody can cancel, and by force where
its own caller leaves meanwhile. Of two that stop a connection of aiosqlite the second waits for ever: the thread that
would answer has ended. And SQLite keeps the lock of a closed connection while somebody holds one of its cursors, a
traceback for instance.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import aiosqlite

from stts.storage.database.sqlite_cursor import FETCHED_AT_ONCE, OneTripCursor

T = TypeVar("T")
BEGIN_READING, BEGIN_WRITING = "BEGIN", "BEGIN IMMEDIATE"
"""Statements that begin a transaction."""
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
"""FULL: what was told to be done stays so after a power cut; writes are few, because they come in batches."""
LONGEST_PAUSE_SECONDS = 0.01
"""Between two tries to be the one who writes. SQLite's own pauses grow to ten times that, and whoever makes such long
ones finds the lock taken each time where another process writes one transaction after the other."""


class _Connection(sqlite3.Connection):
    def close(self) -> None:
        """Gives its lock back at once. May be called again."""
        with suppress(sqlite3.Error):
            if self.in_transaction:
                self.rollback()
        super().close()


class SQLiteConnection(aiosqlite.Connection):
    """One of the pool, with a thread of its own."""

    _stopped: asyncio.Future[Any] | None = None
    _is_stopped = False
    _begin: str | None = None
    """The statement that begins a transaction, which the next statement brings along."""
    _has_begun = False
    timeout_seconds = 0.0
    """Longest wait for another one who writes."""

    def __await__(self) -> Generator[Any, None, SQLiteConnection]:
        yield from super().__await__()
        return self

    def cursor(self) -> OneTripCursor:  # type: ignore[override]
        return OneTripCursor(self)

    def begins_with(self, statement: str) -> bool:
        """True for a statement that begins a transaction: it is kept until there is another one."""
        if statement not in (BEGIN_READING, BEGIN_WRITING):
            return False
        self._begin = statement
        return True

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Calls it in the connection's thread."""
        result: T = await self._execute(work)  # type: ignore[no-untyped-call]
        return result

    async def transacted(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """As `in_thread`, in the transaction that was begun."""
        begin, self._begin = self._begin, None
        self._has_begun = self._has_begun or begin is not None
        return await self.in_thread(partial(self._worked, begin, work))

    async def commit(self) -> None:
        await self._end(self._conn.commit)

    async def rollback(self) -> None:
        await self._end(self._conn.rollback)

    def stop(self) -> asyncio.Future[Any] | None:
        """May be called again: the answer is that of the first time."""
        self._is_stopped = True
        if self._stopped is None:
            self._stopped = super().stop()
        return self._stopped

    async def close(self) -> None:
        """May be called again, also after `stop`."""
        if self._stopped is None:
            self._is_stopped = True
            await super().close()
        else:
            await self._stopped

    async def _end(self, end: Callable[[], None]) -> None:
        """A transaction without a statement has nothing to end; one whose commit fails goes on until its rollback."""
        self._begin = None
        if self._has_begun:
            await self.in_thread(end)
        self._has_begun = False

    def _worked(self, begin: str | None, work: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._conn
        if begin == BEGIN_WRITING:
            self._become_writer(connection)
        elif begin is not None:
            connection.execute(begin)
        return work(connection)

    def _become_writer(self, connection: sqlite3.Connection) -> None:
        """Waits for those of other processes. Whoever has left meanwhile gets no lock that nobody would give back."""
        deadline = time.monotonic() + self.timeout_seconds
        connection.execute("PRAGMA busy_timeout=0")
        try:
            while True:
                try:
                    connection.execute(BEGIN_WRITING)
                    return
                except sqlite3.OperationalError as error:
                    is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                    if not is_busy or self._is_stopped or time.monotonic() > deadline:
                        raise
                time.sleep(random.random() * LONGEST_PAUSE_SECONDS)
        finally:
            connection.execute(f"PRAGMA busy_timeout={round(self.timeout_seconds * 1000)}")


def connect(file: str, timeout: float = 5.0, **options: Any) -> SQLiteConnection:
    """Connects when it is awaited. `timeout`: longest wait for a lock, in seconds. `options`: of `sqlite3.connect`."""
    opened = partial(_opened, file, timeout=timeout, factory=_Connection, **options)
    connection = SQLiteConnection(opened, FETCHED_AT_ONCE)
    connection.timeout_seconds = timeout
    # As SQLAlchemy has it of connections that it makes itself: a thread that is left keeps no process alive.
    connection._thread.daemon = True
    return connection


def _opened(file: str, **options: Any) -> sqlite3.Connection:
    """In the connection's thread. Transactions are begun by hand."""
    connection: sqlite3.Connection = sqlite3.connect(file, isolation_level=None, **options)
    try:
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection
