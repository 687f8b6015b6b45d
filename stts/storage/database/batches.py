"""Batches in the database: plans, and what people ask of them."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, insert, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from stts.errors import NotFound
from stts.jobs.store import Worker
from stts.jobs.transitions import BatchEvent, next_state
from stts.jobs.values import ENDED, UNFINISHED, Batch, BatchItem, ItemState
from stts.storage.database.batch_limits import lock_key, require_fewer, require_shorter
from stts.storage.database.batch_rows import batch_of, batch_values, item_of, item_values, reason_values
from stts.storage.database.connections import Database
from stts.storage.database.tables import batch_items, batches

NO_BATCH = "There is no such job; ended ones are kept for a while."
REMOVED_AT_ONCE = 10_000
"""Items that one transaction removes: nobody waits long for the writer."""
_WITHOUT_REQUESTS: Select[Any] = select(
    *(column for column in batch_items.c if column.name != "request"), null().label("request")
)


class Batches:
    """The BatchStore (`stts/jobs/store.py`) of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def draft(self, batch: Batch) -> None:
        async with self._database.writing() as connection:
            await connection.execute(insert(batches).values(batch_values(batch)))

    async def require_place(self, key_id: str | None, *, most: int) -> None:
        async with self._database.reading() as connection:
            await require_fewer(connection, key_id, most, ("draft", *UNFINISHED))

    async def add(self, batch_id: str, items: Sequence[BatchItem], *, most_characters: int | None = None) -> None:
        size = batches.c.size + sum(each.size for each in items)
        async with self._database.writing() as connection:
            batch = await changed(connection, batch_id, {"size": size})
            if most_characters is not None and batch.kind == "speech":
                await require_shorter(connection, batch.key_id, most_characters)
            await connection.execute(insert(batch_items), [item_values(batch_id, each) for each in items])

    async def begin(self, batch_id: str, *, total: int, size: int, most: int) -> Batch:
        async with self._database.writing() as connection:
            batch = await locked_batch(connection, batch_id)
            await lock_key(connection, batch.key_id)
            await require_fewer(connection, batch.key_id, most, UNFINISHED)
            values = {"state": next_state(batch.state, "begin"), "total": total, "size": size, "sequence": 1}
            return await changed(connection, batch_id, values)

    async def find(self, batch_id: str) -> Batch | None:
        chosen = select(batches).where(batches.c.id == batch_id, batches.c.state != "draft")
        async with self._database.reading() as connection:
            row = (await connection.execute(chosen)).first()
        return batch_of(row) if row is not None else None

    async def page(self, *, owner: str | None, every: bool, most: int, before: float | None = None) -> list[Batch]:
        chosen = select(batches).where(batches.c.state != "draft").limit(most)
        if not every:
            chosen = chosen.where(of_owner(owner))
        if before is not None:
            chosen = chosen.where(batches.c.created_at < before)
        chosen = chosen.order_by(batches.c.created_at.desc(), batches.c.id)
        async with self._database.reading() as connection:
            return [batch_of(row) for row in await connection.execute(chosen)]

    async def items(
        self, batch_id: str, *, after: int, most: int, state: ItemState | None = None, with_requests: bool = True
    ) -> list[BatchItem]:
        chosen = select(batch_items) if with_requests else _WITHOUT_REQUESTS
        chosen = chosen.where(batch_items.c.batch_id == batch_id, batch_items.c.number > after)
        if state is not None:
            chosen = chosen.where(batch_items.c.state == state)
        async with self._database.reading() as connection:
            rows = await connection.execute(chosen.order_by(batch_items.c.number).limit(most))
            return [item_of(row) for row in rows]

    async def changes(self, batch_id: str, *, after: int, to: int, most: int) -> list[BatchItem]:
        sequence = batch_items.c.sequence
        chosen = _WITHOUT_REQUESTS.where(batch_items.c.batch_id == batch_id, sequence > after, sequence <= to)
        async with self._database.reading() as connection:
            rows = await connection.execute(chosen.order_by(sequence).limit(most))
            return [item_of(row) for row in rows]

    async def command(self, batch_id: str, event: BatchEvent, *, now: float, by: Worker | None = None) -> Batch:
        async with self._database.writing() as connection:
            batch = await locked_batch(connection, batch_id)
            state = next_state(batch.state, event)
            if state == batch.state and batch.resume_at is None:
                return batch
            values: dict[str, Any] = {"state": state, "resume_at": None, "sequence": batch.sequence + 1}
            values["paused_at"] = now if state == "paused" else None
            if event in ("resume", "retry"):
                values |= reason_values(None) | ({} if by is None else {"key_id": by.key_id, "caller": by.caller})
            if event == "retry":
                values |= {"ended_at": None, **await _waiting_again(connection, batch)}
            if state in ENDED:
                values |= {"ended_at": now}
                await _forget_undone(connection, batch_id)
            if state != "running":
                values |= {"holder": None, "lease_until": None}
            return await changed(connection, batch_id, values)

    async def remove(self, batch_id: str) -> None:
        is_this = batches.c.id == batch_id
        async with self._database.writing() as connection:
            # Nobody sees it from now on. What a crash leaves of it is a draft, which goes later.
            await connection.execute(update(batches).where(is_this).values(state="draft", holder=None))
        while await self._remove_items(batch_id):
            pass
        async with self._database.writing() as connection:
            await connection.execute(delete(batches).where(is_this))

    async def remove_all(self, owner: str, *, begun_before: float = math.inf) -> list[str]:
        # A float is larger than all times, and no database knows infinity alike.
        last = min(begun_before, sys.float_info.max)
        return await self._remove_where((batches.c.owner == owner) & (batches.c.created_at < last))

    async def remove_old(self, *, ended_before: float, paused_before: float, drafts_before: float) -> list[str]:
        rests = (batches.c.state == "paused") & (batches.c.paused_at < paused_before)
        has_ended = batches.c.state.in_(ENDED) & (batches.c.ended_at < ended_before)
        is_left = (batches.c.state == "draft") & (batches.c.created_at < drafts_before)
        return await self._remove_where(has_ended | rests | is_left)

    async def known(self, batch_ids: Sequence[str]) -> set[str]:
        async with self._database.reading() as connection:
            rows = await connection.execute(select(batches.c.id).where(batches.c.id.in_(batch_ids)))
            return set(rows.scalars())

    async def _remove_where(self, condition: ColumnElement[bool]) -> list[str]:
        async with self._database.reading() as connection:
            rows = await connection.execute(select(batches.c.id).where(condition).order_by(batches.c.id))
            found = list(rows.scalars())
        for batch_id in found:
            await self.remove(batch_id)
        return found

    async def _remove_items(self, batch_id: str) -> int:
        is_its = batch_items.c.batch_id == batch_id
        async with self._database.writing() as connection:
            first = (await connection.execute(select(func.min(batch_items.c.number)).where(is_its))).scalar()
            if first is None:
                return 0
            part = delete(batch_items).where(is_its, batch_items.c.number < first + REMOVED_AT_ONCE)
            return (await connection.execute(part)).rowcount


async def locked_batch(connection: AsyncConnection, batch_id: str) -> Batch:
    """The batch, which nobody else changes before the transaction ends. Raises NotFound."""
    row = (await connection.execute(select(batches).where(batches.c.id == batch_id).with_for_update())).first()
    if row is None:
        raise NotFound(NO_BATCH)
    return batch_of(row)


async def changed(connection: AsyncConnection, batch_id: str, values: dict[str, Any]) -> Batch:
    """Writes some columns of a batch, and tells how it stands then."""
    told = update(batches).where(batches.c.id == batch_id).values(values).returning(batches)
    return batch_of((await connection.execute(told)).one())


def of_owner(owner: str | None) -> ColumnElement[bool]:
    return batches.c.owner.is_(None) if owner is None else batches.c.owner == owner


async def _waiting_again(connection: AsyncConnection, batch: Batch) -> dict[str, Any]:
    """Makes what failed wait again; tells the counts that follow."""
    has_failed = (batch_items.c.batch_id == batch.id) & (batch_items.c.state == "failed")
    size = (await connection.execute(select(func.sum(batch_items.c.size)).where(has_failed))).scalar() or 0
    anew = update(batch_items).where(has_failed).values(state="waiting", error_code=None, error=None)
    await connection.execute(anew)
    return {"failed": 0, "size_ended": batch.size_ended - int(size)}


async def _forget_undone(connection: AsyncConnection, batch_id: str) -> None:
    """Removes the words of items that will not be done any more, those that have failed among them."""
    is_undone = (batch_items.c.batch_id == batch_id) & batch_items.c.state.in_(("waiting", "failed"))
    await connection.execute(update(batch_items).where(is_undone).values(request=None))
