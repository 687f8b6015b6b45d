"""Choices of people, chats or guilds: kept on disk, so that a program that starts again knows them."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from clients.chat.settings import InvalidSettings

MOST = 100_000
"""So many are remembered; who changed something longest ago is forgotten first."""
IN_MEMORY = 10_000

Kept = TypeVar("Kept")
Result = TypeVar("Result")

_TABLE = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS {table} ({key} INTEGER PRIMARY KEY, turn INTEGER NOT NULL, choices TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS {table}_by_turn ON {table} (turn);
"""


class ChoiceStore(Generic[Kept]):
    """Choices by number, each a dataclass, in a small database of the program's own.

    Raises InvalidSettings where the file cannot be written.
    `default`: the choices of who has made none. `all_seen`: keeps everybody who was ever asked for, too.
    """

    def __init__(
        self, file: Path, table: str, key: str, default: Kept, *, all_seen: bool = False, most: int = MOST
    ) -> None:
        self._table, self._key = table, key
        self._default = default
        self._all_seen = all_seen
        self._most = most
        self._lock = asyncio.Lock()
        self._closed = False
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # The thread pool uses it, one call at a time.
            self._database = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
            file.chmod(0o600)
            self._database.executescript(_TABLE.format(table=table, key=key))
        except (OSError, sqlite3.Error) as error:
            raise InvalidSettings(f"data: {file} cannot be written: {error}.") from None
        self._known: dict[int, Kept] = {}

    def close(self) -> None:
        """Keeps nothing more; whoever asks is told what is known."""
        self._closed = True
        self._database.close()

    async def of(self, number: int) -> Kept:
        async with self._lock:
            return await self._of(number)

    async def choose(self, number: int, **changes: Any) -> Kept:
        """Changes and keeps what was chosen, and returns it."""
        async with self._lock:
            before = await self._of(number)
            choices: Kept = replace(before, **changes)  # type: ignore[type-var]
            if choices != before:
                self._known[number] = choices
                await self._in_thread(self._write, number, choices)
            return choices

    async def move(self, number: int, to: int) -> None:
        """Gives what was chosen to another number."""
        async with self._lock:
            choices = self._known[to] = await self._of(number)
            self._known.pop(number, None)
            await self._in_thread(self._rename, number, to, choices)

    async def numbers(self) -> list[int]:
        """Those that are remembered; who changed something last is last."""
        return [number for number, _ in await self._rows()]

    async def all(self) -> dict[int, Kept]:
        return {number: self._made(text) for number, text in await self._rows()}

    async def _rows(self) -> list[tuple[int, str]]:
        def read() -> list[tuple[int, str]]:
            rows = f"SELECT {self._key}, choices FROM {self._table} ORDER BY turn"
            return self._database.execute(rows).fetchall()

        async with self._lock:
            return await self._in_thread(read) or []

    async def _of(self, number: int) -> Kept:
        if number not in self._known:
            found = await self._in_thread(self._read, number)
            self._known[number] = self._default if found is None else found
            if len(self._known) > IN_MEMORY:
                del self._known[next(iter(self._known))]
        return self._known[number]

    async def _in_thread(self, work: Callable[..., Result], *given: Any) -> Result | None:
        """Does something with the database, to its end even where whoever asked does not wait; None: it is closed."""
        if self._closed:
            return None
        task = asyncio.ensure_future(asyncio.to_thread(work, *given))
        try:
            return await asyncio.shield(task)
        finally:
            if not task.done():
                await asyncio.wait([task])

    def _read(self, number: int) -> Kept:
        found = f"SELECT choices FROM {self._table} WHERE {self._key} = ?"
        row = self._database.execute(found, (number,)).fetchone()
        if row is not None:
            return self._made(row[0])
        if self._all_seen:
            self._write(number, self._default)
        return self._default

    def _made(self, text: str) -> Kept:
        """The choices that were kept; names that an older or newer program kept are passed over."""
        names = {item.name for item in fields(self._default)}  # type: ignore[arg-type]
        kept = {name: value for name, value in json.loads(text).items() if name in names}
        return replace(self._default, **kept)  # type: ignore[type-var]

    def _write(self, number: int, choices: Kept) -> None:
        (turn,) = self._database.execute(f"SELECT COALESCE(MAX(turn), 0) + 1 FROM {self._table}").fetchone()
        row = (number, turn, json.dumps(asdict(choices)))  # type: ignore[call-overload]
        self._database.execute(f"INSERT OR REPLACE INTO {self._table} VALUES (?, ?, ?)", row)
        oldest = f"SELECT {self._key} FROM {self._table} ORDER BY turn DESC LIMIT -1 OFFSET ?"
        self._database.execute(f"DELETE FROM {self._table} WHERE {self._key} IN ({oldest})", (self._most,))

    def _rename(self, number: int, to: int, choices: Kept) -> None:
        self._database.execute(f"DELETE FROM {self._table} WHERE {self._key} = ?", (number,))
        self._write(to, choices)
