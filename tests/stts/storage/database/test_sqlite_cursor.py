"""SQLite's cursors and transactions: one change of threads a statement, and no lock before there is something to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from stts.access.allowances import Counter
from stts.access.keys import User
from stts.errors import DatabaseAway
from stts.storage.database.address import DatabaseAddress
from stts.storage.database.sqlite_connection import BEGIN_WRITING, SQLiteConnection, connect
from stts.storage.database.sqlite_cursor import FETCHED_AT_ONCE
from stts.storage.database.stores import Stores
from tests.patience import PATIENCE

FEW_ROWS, MANY_ROWS = 3, FETCHED_AT_ONCE * 2 + 1
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT i FROM n"
COUNTER = Counter("key", "characters", "2026-11")


@pytest.fixture
def changes(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """One entry for each change of threads from now on."""
    seen: list[object] = []
    plain = SQLiteConnection.in_thread

    async def counted(self: SQLiteConnection, work: Callable[[], object]) -> object:
        seen.append(work)
        return await plain(self, work)

    monkeypatch.setattr(SQLiteConnection, "in_thread", counted)
    return seen


async def _stores(file: Path, seconds: float = PATIENCE) -> Stores:
    stores = Stores.over(DatabaseAddress.of_file(file, seconds))
    await stores.database.migrate()
    return stores


async def test_a_transaction_changes_threads_once_a_statement_and_once_to_end(
    tmp_path: Path, changes: list[object]
) -> None:
    stores = await _stores(tmp_path / "some.db")
    # The first use of a connection asks for more.
    await stores.quotas.claim(COUNTER, 1, 1, 10)
    changes.clear()
    await stores.quotas.claim(COUNTER, 1, 1, 10)
    assert len(changes) == len(["begin and insert", "select", "update", "commit"])
    changes.clear()
    await stores.users.find("nobody")
    assert len(changes) == len(["begin and select", "commit"])
    await stores.database.close()


async def test_a_transaction_without_a_statement_takes_no_lock(tmp_path: Path, changes: list[object]) -> None:
    first, second = await _stores(tmp_path / "some.db"), await _stores(tmp_path / "some.db")
    async with first.database.writing():
        await second.users.add(User("user1", "anna", 1.0))
    assert await first.users.find("user1")
    changes.clear()
    async with first.database.writing():
        pass
    assert not changes
    await first.database.close()
    await second.database.close()


async def test_a_transaction_whose_commit_fails_is_rolled_back(tmp_path: Path) -> None:
    """As a full disk does it, or a reader where the file system has no write-ahead log."""
    stores = await _stores(tmp_path / "some.db")
    async with stores.database.writing() as connection:
        await connection.execute(text("CREATE TABLE a (i INTEGER PRIMARY KEY)"))
        await connection.execute(text("CREATE TABLE b (i INTEGER REFERENCES a DEFERRABLE INITIALLY DEFERRED)"))
    with pytest.raises(IntegrityError):
        async with stores.database.writing() as connection:
            await connection.execute(text("INSERT INTO b VALUES (1)"))
    await stores.users.add(User("user1", "anna", 1.0))
    assert await stores.users.find("user1")
    await stores.database.close()


@pytest.mark.parametrize("rows", [0, FEW_ROWS, FETCHED_AT_ONCE, MANY_ROWS])
async def test_all_rows_come_whole_and_in_parts(tmp_path: Path, rows: int) -> None:
    stores = await _stores(tmp_path / "some.db")
    statement = text(NUMBERS.format(max(rows, 1)) + f" WHERE i <= {rows}")
    async with stores.database.reading() as connection:
        assert list((await connection.execute(statement)).scalars()) == list(range(1, rows + 1))
        streamed = await connection.stream(statement, execution_options={"yield_per": 70})
        assert [number async for number in streamed.scalars()] == list(range(1, rows + 1))
    await stores.database.close()


async def test_rows_are_fetched_as_a_cursor_fetches_them() -> None:
    connection = await connect(":memory:")
    cursor = await connection.cursor().execute(NUMBERS.format(MANY_ROWS))
    assert cursor.description[0][0] == "i"
    assert await cursor.fetchone() == (1,)
    assert await cursor.fetchmany(2) == [(2,), (3,)]
    assert len(await cursor.fetchmany(MANY_ROWS)) == MANY_ROWS - 3
    assert await cursor.fetchone() is None
    assert await cursor.fetchall() == []
    await cursor.execute("CREATE TABLE words (word TEXT)")
    await cursor.executemany("INSERT INTO words VALUES (?)", [("one",), ("two",)])
    assert cursor.rowcount == 2
    await connection.close()


async def test_a_cursor_that_is_left_in_the_middle_holds_nothing(tmp_path: Path) -> None:
    connection = await connect(str(tmp_path / "some.db"))
    cursor = await connection.cursor().execute(NUMBERS.format(MANY_ROWS))
    await cursor.close()
    assert await cursor.fetchall() == []
    await connection.cursor().execute("VACUUM")
    await connection.close()


async def test_a_writer_that_waits_in_vain_is_told_so_and_readers_wait_for_nobody(tmp_path: Path) -> None:
    first, second = await _stores(tmp_path / "some.db"), await _stores(tmp_path / "some.db")
    impatient = Stores.over(DatabaseAddress.of_file(tmp_path / "some.db", 0.05))
    async with first.database.writing() as connection:
        await connection.execute(text("UPDATE access_revision SET revision = revision"))
        with pytest.raises(DatabaseAway):
            await impatient.users.add(User("user1", "anna", 1.0))
        assert await second.users.find("user1") is None
    await second.users.add(User("user1", "anna", 1.0))
    for each in (first, second, impatient):
        await each.database.close()


async def test_a_writer_that_leaves_while_it_waits_becomes_none_later(tmp_path: Path) -> None:
    """Its thread would take the lock after everybody has forgotten it."""
    file = str(tmp_path / "some.db")
    holder, waiting = await connect(file), await connect(file, timeout=PATIENCE)
    await _begin(holder)
    task = asyncio.create_task(_begin(waiting))
    await asyncio.sleep(0)
    waiting.stop()
    with suppress(Exception):
        await task
    await waiting.close()
    await holder.rollback()
    third = await connect(file, timeout=0)
    await _begin(third)
    await third.close()
    await holder.close()


async def _begin(connection: SQLiteConnection) -> Any:
    cursor = await connection.cursor().execute(BEGIN_WRITING)
    return await cursor.execute("CREATE TABLE IF NOT EXISTS words (word TEXT)")
