#!/usr/bin/env bash
# aiosqlite 0.22.1 (Python's sqlite3): a connection that was closed in a transaction keeps its lock while a cursor is held.
#
# Good guess: `close()` rolls back what was not committed and gives the lock back, whoever still holds a cursor of it.
# Seen: with one row of a SELECT read and its cursor alive, the file stays locked for writers after `await close()`; it is
#   free when the cursor is deleted. A cursor is also held by the traceback of a call that was cancelled.
# Why it matters: a time-out in the middle of a transaction locks the database for as long as somebody keeps the exception,
#   and every other writer then fails with "database is locked". A way out: roll back before closing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "aiosqlite==0.22.1"
"$folder/venv/bin/python" - "$folder" <<'PY'
import asyncio
import sqlite3
import sys

import aiosqlite


async def is_locked(file: str) -> bool:
    async with aiosqlite.connect(file, isolation_level=None, timeout=0) as other:
        try:
            await other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        await other.rollback()
    return False


async def main(folder: str) -> None:
    file = f"{folder}/words.db"
    connection = await aiosqlite.connect(file, isolation_level=None)
    await connection.execute("CREATE TABLE words (word TEXT)")
    await connection.execute("INSERT INTO words VALUES ('one'), ('two')")
    assert not await is_locked(file)
    await connection.execute("BEGIN IMMEDIATE")
    rows = await connection.execute("SELECT word FROM words")
    await rows.fetchone()
    await connection.close()
    held = await is_locked(file)
    del rows
    freed = not await is_locked(file)
    print(f"locked after close: {held}; free when the cursor is gone: {freed}")
    assert held, "closing gives the lock back: the guess is right now"
    assert freed


asyncio.run(main(sys.argv[1]))
PY
