"""The revision: a number that grows with each change of users and keys, so that servers find what others changed."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from stts.storage.database.tables import access_revision

COUNT = update(access_revision).values(revision=access_revision.c.revision + 1)
READ = select(access_revision.c.revision)


async def next_revision(connection: AsyncConnection) -> int:
    """Counts one further. The row stays locked until the transaction ends: revisions appear in their order."""
    await connection.execute(COUNT)
    return await current_revision(connection)


async def current_revision(connection: AsyncConnection) -> int:
    found: int = (await connection.execute(READ)).scalar_one()
    return found
