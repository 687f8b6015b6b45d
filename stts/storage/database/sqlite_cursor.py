"""Cursors of SQLite that change threads once a statement, not four times: to open, execute, fetch and close.

Each change waits until both threads were given a processor. A transaction keeps the file's one lock meanwhile, so that
on a busy machine all servers on the file waited for changes of threads, and for little else.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Protocol, Self, TypeVar

T = TypeVar("T")

FETCHED_AT_ONCE = 500
"""Rows that come with the answer to a statement; further ones are fetched when they are wanted."""


class ConnectionThread(Protocol):
    """The part of a connection that its cursors use (`sqlite_connection.py`)."""

    def begins_with(self, statement: str) -> bool: ...
    async def in_thread(self, work: Callable[[], T]) -> T: ...
    async def transacted(self, work: Callable[[sqlite3.Connection], T]) -> T: ...


class OneTripCursor:
    """A cursor as SQLAlchemy uses those of aiosqlite. It is closed in its thread when its last row is fetched."""

    def __init__(self, connection: ConnectionThread) -> None:
        self._connection = connection
        self._open: sqlite3.Cursor | None = None
        """The one that has further rows."""
        self._rows: deque[Any] = deque()
        self.arraysize = 1
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Self:
        if self._connection.begins_with(statement):
            return self
        return await self._run(lambda cursor: cursor.execute(statement, parameters))

    async def executemany(self, statement: str, parameters: Iterable[Sequence[Any]]) -> Self:
        return await self._run(lambda cursor: cursor.executemany(statement, parameters))

    async def fetchone(self) -> Any:
        rows = await self.fetchmany(1)
        return rows[0] if rows else None

    async def fetchmany(self, size: int | None = None) -> Sequence[Any]:
        size = self.arraysize if size is None else size
        if len(self._rows) < size and self._open is not None:
            self._take(*await self._connection.in_thread(partial(_fetched, self._open, size - len(self._rows))))
        return [self._rows.popleft() for _ in range(min(size, len(self._rows)))]

    async def fetchall(self) -> Sequence[Any]:
        if self._open is not None:
            self._take(*await self._connection.in_thread(partial(_fetched, self._open, None)))
        rows, self._rows = list(self._rows), deque()
        return rows

    async def close(self) -> None:
        self._rows.clear()
        if (cursor := self._open) is not None:
            self._open = None
            await self._connection.in_thread(cursor.close)

    async def _run(self, execute: Callable[[sqlite3.Cursor], object]) -> Self:
        await self.close()
        cursor, rows, is_all = await self._connection.transacted(partial(_executed, execute))
        self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
        self._open = cursor
        self._take(rows, is_all)
        return self

    def _take(self, rows: list[Any], is_all: bool) -> None:
        self._rows.extend(rows)
        if is_all:
            self._open = None


def _executed(
    execute: Callable[[sqlite3.Cursor], object], connection: sqlite3.Connection
) -> tuple[sqlite3.Cursor, list[Any], bool]:
    """In the connection's thread: a cursor, its first rows, and whether these are all. A cursor that has no more is
    closed, also where the statement fails: who keeps the traceback of that keeps no lock."""
    cursor = connection.cursor()
    try:
        execute(cursor)
        return cursor, *_fetched(cursor, FETCHED_AT_ONCE)
    except BaseException:
        cursor.close()
        raise


def _fetched(cursor: sqlite3.Cursor, most: int | None) -> tuple[list[Any], bool]:
    """In the connection's thread: further rows, and whether they are the last."""
    rows = cursor.fetchall() if most is None else cursor.fetchmany(most)
    is_all = most is None or len(rows) < most
    if is_all:
        cursor.close()
    return rows, is_all
