"""Limits of the batches of one key, counted in the transaction that adds to them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from stts.errors import TooManyRequests
from stts.jobs.values import BatchState
from stts.storage.database.tables import batches

RETRY_SECONDS = 60.0
LOCK = 0x4A4F4253
"""First number of PostgreSQL's advisory locks for this ("JOBS"); the second is that of the key."""


async def lock_key(connection: AsyncConnection, key_id: str | None) -> None:
    """Lets nobody else count the batches of a key before the transaction ends. SQLite has one writer in any case."""
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_advisory_xact_lock(LOCK, func.hashtext(key_id or ""))))


async def require_fewer(
    connection: AsyncConnection, key_id: str | None, most: int, states: Sequence[BatchState]
) -> None:
    """Raises TooManyRequests where a key has so many batches in these states."""
    counted = select(func.count()).select_from(batches).where(_of_key(key_id), batches.c.state.in_(states))
    if (await connection.execute(counted)).scalar_one() >= most:
        said = f"This key has {most} jobs that have not ended, as many as it may have (jobs.unfinished)."
        raise TooManyRequests(said, retry_after=RETRY_SECONDS)


async def require_shorter(connection: AsyncConnection, key_id: str | None, most: int) -> None:
    """Raises TooManyRequests where the texts of all batches of a key have more characters."""
    summed = select(func.sum(batches.c.size)).where(_of_key(key_id), batches.c.kind == "speech")
    if ((await connection.execute(summed)).scalar_one() or 0) > most:
        said = f"The texts of this key's jobs have more than {most} characters together (jobs.characters)."
        raise TooManyRequests(f"{said} Remove jobs that have ended.", retry_after=RETRY_SECONDS)


def _of_key(key_id: str | None) -> ColumnElement[bool]:
    return batches.c.key_id.is_(None) if key_id is None else batches.c.key_id == key_id
