"""Connections to SQLite that can be closed in the middle of a statement, which happens where its caller is cancelled.

SQLAlchemy closes such a one in order, in a task that nobody can cancel, and by force where its own caller leaves
meanwhile. Of two that stop a connection of aiosqlite the second waits for ever: the thread that would answer has ended.
And SQLite keeps the lock of a closed connection while somebody holds one of its cursors, a traceback for instance.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import suppress
from functools import partial
from typing import Any

import aiosqlite

ROWS_AT_ONCE = 64
"""Rows that are fetched by one change of threads, where somebody reads one after the other; aiosqlite's own number."""


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

    def stop(self) -> asyncio.Future[Any] | None:
        """May be called again: the answer is that of the first time."""
        if self._stopped is None:
            self._stopped = super().stop()
        return self._stopped

    async def close(self) -> None:
        """May be called again, also after `stop`."""
        if self._stopped is None:
            await super().close()
        else:
            await self._stopped


def connect(file: str, **options: Any) -> SQLiteConnection:
    """Connects when it is awaited. `options` are those of `sqlite3.connect`."""
    connection = SQLiteConnection(partial(sqlite3.connect, file, factory=_Connection, **options), ROWS_AT_ONCE)
    # As SQLAlchemy has it of connections that it makes itself: a thread that is left keeps no process alive.
    connection._thread.daemon = True
    return connection
