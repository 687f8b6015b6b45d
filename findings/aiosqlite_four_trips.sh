#!/usr/bin/env bash
# aiosqlite 0.22.1 and SQLAlchemy 2.1.9 from PyPI
# Guess: a statement through SQLAlchemy's asyncio engine for SQLite is one call of the connection's thread.
# Seen: a SELECT takes four: for a cursor, to execute, to fetch, to close. BEGIN is a statement as well, so that a
#   transaction of one INSERT, with BEGIN and COMMIT, takes eight.
# Matters: each waits until both threads were given a processor. On a busy machine the lock of the file is held meanwhile,
#   so writers of other processes wait for changes of threads and not for the disk, and run into their time-outs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "aiosqlite==0.22.1" "SQLAlchemy[asyncio]==2.1.9"
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio

import aiosqlite
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import create_async_engine

trips = 0
execute = aiosqlite.Connection._execute


async def counted(self, work, *arguments, **named):
    global trips
    trips += 1
    return await execute(self, work, *arguments, **named)


aiosqlite.Connection._execute = counted


async def main() -> None:
    global trips
    engine = create_async_engine("sqlite+aiosqlite:///some.db")

    @event.listens_for(engine.sync_engine, "connect")
    def by_hand(connection, record) -> None:
        connection.isolation_level = None

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE t (x INTEGER)"))
    trips = 0
    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO t VALUES (1)"))
    print("a transaction of one INSERT:", trips, "calls of the thread")
    whole = trips
    async with engine.begin() as connection:
        await connection.execute(text("SELECT x FROM t"))
        trips = 0
        assert (await connection.execute(text("SELECT x FROM t"))).all() == [(1,)]
        print("a SELECT:", trips)
        assert trips == 4, trips
    assert whole == 8, whole
    await engine.dispose()


asyncio.run(main())
PYTHON
