"""Whoever leaves in the middle of a transaction leaves nothing behind: no lock, no task, no connection."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from stts.access.keys import User
from stts.storage.database.sqlite_connection import connect
from stts.storage.database.stores import Stores
from tests.patience import PATIENCE

ROUNDS = 100
AT_ONCE = 3
LATEST_SECONDS = 0.004
"""Most who leave do so within a transaction."""


async def write(stores: Stores, number: int) -> None:
    await stores.users.add(User(f"user{number}", "anna", 1.0))


async def read(stores: Stores, number: int) -> None:
    await stores.users.find(f"user{number}")


async def leave(task: asyncio.Task[None], dice: random.Random) -> None:
    """Cancels a task, or cancels it twice: the second time it is closing already."""
    task.cancel()
    if dice.random() < 0.3:
        await asyncio.sleep(0)
        task.cancel()


async def test_nothing_is_left_of_those_who_leave(stores: Stores) -> None:
    dice, before = random.Random(7), asyncio.all_tasks()
    for number in range(0, ROUNDS * AT_ONCE, AT_ONCE):
        calls = [dice.choice((write, read))(stores, number + each) for each in range(AT_ONCE)]
        tasks = [asyncio.create_task(call) for call in calls]
        await asyncio.sleep(dice.random() * LATEST_SECONDS)
        for task in tasks:
            if dice.random() < 0.7:
                await leave(task, dice)
        done, _ = await asyncio.wait(tasks)
        assert not [task for task in done if not task.cancelled() and task.exception()], "it was locked, or had no room"
    async with asyncio.timeout(PATIENCE):
        while left := asyncio.all_tasks() - before:
            await asyncio.wait(left)
    await write(stores, -1)
    assert await stores.users.find("user-1")


async def test_a_connection_may_be_stopped_and_closed_again() -> None:
    connection = await connect(":memory:")
    closing = asyncio.create_task(connection.close())
    await asyncio.sleep(0)
    for _ in range(2):
        connection.stop()
    await closing
    await connection.close()


async def test_a_closed_connection_holds_no_lock(tmp_path: Path) -> None:
    """Not even where somebody keeps one of its cursors, as the traceback of a call that was broken off does."""
    file = str(tmp_path / "some.db")
    first, second = await connect(file), await connect(file, timeout=0)
    await first.execute("CREATE TABLE words (word TEXT)")
    await first.execute("INSERT INTO words VALUES ('one'), ('two')")
    await first.execute("BEGIN IMMEDIATE")
    rows = await first.execute("SELECT word FROM words")
    await rows.fetchone()
    await first.close()
    await second.execute("BEGIN IMMEDIATE")
    await second.close()
    assert rows is not None
