"""A user is forgotten in the usage, on both kinds of database: the sums stay, whatever other servers add meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
import pytest

from stts.access.keys import User
from stts.analytics.usage import DAY, NO_KEY, UsageQuery
from stts.analytics.usage_writer import UsageWriter
from stts.storage.database.address import DatabaseAddress
from stts.storage.database.stores import Stores
from stts.storage.database.tables import usage
from stts.storage.database.usage import Usage
from tests.patient import PATIENCE
from tests.postgres import PostgreSQL
from tests.stts.analytics.usages import record
from tests.stts.storage.database.usages import DAY_ONE, batch, key, sums, total


async def test_a_user_is_forgotten_and_the_sums_stay(stores: Stores) -> None:
    rows = {
        key(): sums(1),
        key(voice="anna.wav"): sums(2),
        key(DAY_ONE + 1): sums(4),
        key(kind="stt"): sums(8),
        key(key_id="desk", user_id="berta"): sums(16),
    }
    await stores.usage.add(batch(rows))
    assert await stores.usage.forget("anna") == 4
    assert await stores.usage.forget("anna") == 0
    assert await total(stores.usage) == 31
    by_user = await stores.usage.sums(UsageQuery(0), ("user_id", "key_id", "voice", "language"), most=10)
    assert {each.by: each.sums.operations for each in by_user} == {
        ("berta", "desk", "low", "en"): 16,
        ("other", "other", "other", "other"): 15,
    }
    nameless = await stores.usage.sums(UsageQuery(0, user_id="other"), ("day", "engine", "kind"), most=10)
    assert [(each.by, each.sums.operations) for each in nameless] == [
        ((DAY_ONE, "tone", "stt"), 8),
        ((DAY_ONE, "tone", "tts"), 3),
        ((DAY_ONE + 1, "tone", "tts"), 4),
    ]
    assert nameless[1].sums.seconds_in == 1.0 and nameless[1].sums.bytes == 2**41
    assert await stores.usage.sums(UsageQuery(0, user_id="anna"), (), most=10) == []


async def test_what_waits_is_forgotten_too(stores: Stores) -> None:
    async def opened() -> Usage:
        return stores.usage

    writer = UsageWriter(opened, lambda: 400, clock=lambda: DAY_ONE * DAY)
    writer.operation_finished(record())
    writer.operation_finished(record(None, user_id=None))
    assert await writer.forget("anna") == 1
    await writer.write()
    assert await stores.usage.sums(UsageQuery(0, user_id="anna"), (), most=10) == []
    assert await total(stores.usage) == 2


@pytest.mark.socket
async def test_a_row_that_comes_while_a_user_is_forgotten_is_not_lost(postgres: PostgreSQL) -> None:
    """Another server adds one in the moment between the lock on the rows that are there and their removal."""
    postgres.ensure()
    url = postgres.new_database()
    stores = Stores.over(DatabaseAddress(None, url, PATIENCE))
    await stores.database.migrate()
    await stores.usage.add(batch({key(): sums(1)}))
    async with await psycopg.AsyncConnection.connect(url) as other:
        await other.execute("UPDATE usage SET operations = operations + 2")
        forgetting = asyncio.create_task(stores.usage.forget("anna"))
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as watching:
            await until_waiting(watching, 1, unless=forgetting)
        names = ", ".join(column.name for column in usage.columns)
        values = names.replace("voice", "'ben'").replace("operations", "4")
        await other.execute(f"INSERT INTO usage ({names}) SELECT {values} FROM usage".encode())
        await other.commit()
    assert await forgetting == 2
    by_user = await stores.usage.sums(UsageQuery(0), ("user_id",), most=10)
    assert {each.by: each.sums.operations for each in by_user} == {("other",): 7}
    await stores.database.close()


@pytest.mark.socket
async def test_rows_are_locked_in_the_order_in_which_they_are_added(postgres: PostgreSQL) -> None:
    """Whatever order the database has for words: else whoever forgets and whoever adds may wait for each other."""
    postgres.ensure()
    url = postgres.new_database()
    stores = Stores.over(DatabaseAddress(None, url, PATIENCE))
    await stores.database.migrate()
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as watching:
        await watching.execute('ALTER TABLE usage ALTER COLUMN voice TYPE varchar(200) COLLATE "en-x-icu"')
        await stores.usage.add(batch({key(voice="Zoe"): sums(1), key(voice="anna"): sums(2)}))
        async with await psycopg.AsyncConnection.connect(url) as other:
            await other.execute("SELECT * FROM usage WHERE voice = 'Zoe' FOR UPDATE")
            forgetting = asyncio.create_task(stores.usage.forget("anna"))
            await until_waiting(watching, 1, unless=forgetting)
            # It waits for the first by code points, and holds none behind it yet.
            await other.execute("SELECT * FROM usage WHERE voice = 'anna' FOR UPDATE NOWAIT")
            await other.commit()
    assert await forgetting == 2
    await stores.database.close()


@pytest.mark.parametrize("is_deleted", [False, True])
async def test_what_is_written_of_a_deleted_user_is_nobodys(stores: Stores, is_deleted: bool) -> None:
    """It waited in another server, or its answer was still being sent."""
    for name in ("anna", "berta"):
        await stores.users.add(User(name, name, 1.0))
    if is_deleted:
        await stores.users.delete("anna", 2.0)
    rows = {
        key(): sums(1),
        key(voice="anna.wav"): sums(2),
        key(key_id="desk", user_id="berta"): sums(4),
        key(key_id=NO_KEY, user_id=NO_KEY): sums(8),
    }
    await stores.usage.add(batch(rows))
    by_user = await stores.usage.sums(UsageQuery(0), ("user_id", "key_id", "voice"), most=10)
    named = {("anna", "laptop", "anna.wav"): 2, ("anna", "laptop", "low"): 1}
    assert {each.by: each.sums.operations for each in by_user} == {
        ("", "", "low"): 8,
        ("berta", "desk", "low"): 4,
        **({("other", "other", "other"): 3} if is_deleted else named),
    }
    assert await stores.usage.forget("anna") == (0 if is_deleted else 2)
    assert await total(stores.usage) == 15


@pytest.mark.socket
async def test_a_user_is_deleted_and_forgotten_while_a_batch_is_written(postgres: PostgreSQL) -> None:
    """The batch has begun before the user was deleted, and waits for the row of somebody else."""
    postgres.ensure()
    url = postgres.new_database()
    stores = Stores.over(DatabaseAddress(None, url, PATIENCE))
    await stores.database.migrate()
    await stores.users.add(User("anna", "anna", 1.0))
    others = key(key_id="desk", user_id="berta")
    await stores.usage.add(batch({others: sums(1)}))

    async def remove() -> int:
        await stores.users.delete("anna", 2.0)
        return await stores.usage.forget("anna")

    async with (
        await psycopg.AsyncConnection.connect(url) as blocking,
        await psycopg.AsyncConnection.connect(url, autocommit=True) as watching,
    ):
        await blocking.execute("SELECT * FROM usage FOR UPDATE")
        adding = asyncio.create_task(stores.usage.add(batch({others: sums(2), key(): sums(4)})))
        await until_waiting(watching, 1, unless=adding)
        removing = asyncio.create_task(remove())
        await until_waiting(watching, 2, unless=removing)
        await blocking.commit()
    await adding
    assert await removing == 1
    by_user = await stores.usage.sums(UsageQuery(0), ("user_id",), most=10)
    assert {each.by: each.sums.operations for each in by_user} == {("berta",): 3, ("other",): 4}
    await stores.database.close()


async def until_waiting(watching: psycopg.AsyncConnection, count: int, *, unless: asyncio.Task[Any]) -> None:
    """Waits until so many transactions of this database wait for others' locks, or until a task has ended."""
    waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with asyncio.timeout(PATIENCE):
        while len(await (await watching.execute(waiting)).fetchall()) < count and not unless.done():
            pass
