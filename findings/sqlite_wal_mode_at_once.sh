#!/usr/bin/env bash
# aiosqlite 0.22.1 (SQLite 3, Python's sqlite3): changing a file to WAL mode does not wait for a writer, whatever the timeout.
#
# Good guess: `timeout` of a connection holds for each statement: PRAGMA journal_mode=WAL waits for a lock as an INSERT does.
# Seen: while another connection is in a write transaction, INSERT waits for all of the timeout, and the PRAGMA fails at once
#   with "database is locked". While another only reads, the PRAGMA waits too.
# Why it matters: a pool, or several servers, that each set WAL mode when they connect to a new file fail now and then at
#   their first start. A way out: one sets the mode, which the file keeps, before the others connect; or try again.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "aiosqlite==0.22.1"
"$folder/venv/bin/python" - "$folder" <<'PY'
import asyncio
import sqlite3
import sys
import time

import aiosqlite

TIMEOUT = 1.0


async def seconds_until_locked(file: str, statement: str) -> float:
    async with aiosqlite.connect(file, isolation_level=None, timeout=TIMEOUT) as connection:
        began = time.monotonic()
        try:
            await connection.execute(statement)
        except sqlite3.OperationalError as error:
            assert "locked" in str(error), error
            return time.monotonic() - began
    raise AssertionError(f"{statement} found no lock")


async def main(folder: str) -> None:
    file, change = f"{folder}/words.db", "PRAGMA journal_mode=WAL"
    async with aiosqlite.connect(file, isolation_level=None) as holder:
        await holder.execute("CREATE TABLE words (word TEXT)")
        await holder.execute("INSERT INTO words VALUES ('one')")
        await holder.execute("BEGIN IMMEDIATE")
        insert = await seconds_until_locked(file, "INSERT INTO words VALUES ('two')")
        writer = await seconds_until_locked(file, change)
        await holder.execute("ROLLBACK")
        await holder.execute("BEGIN")
        await (await holder.execute("SELECT word FROM words")).fetchall()
        reader = await seconds_until_locked(file, change)
    print(f"SQLite {sqlite3.sqlite_version}: INSERT waited {insert:.2f} s; the change of mode {writer:.2f} s for a writer, {reader:.2f} s for a reader")
    assert insert > TIMEOUT * 0.9 and reader > TIMEOUT * 0.9
    assert writer < TIMEOUT / 2, "it waits now: the guess is right"


asyncio.run(main(sys.argv[1]))
PY
