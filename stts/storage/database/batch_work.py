"""Work on batches in the database: leases, and how items have ended.

Each write first locks the batch and looks whether this server still holds it. A server that was away for longer than
its lease so writes nothing into what another has taken.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, extract, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from stts.jobs.store import FoundResult, Lease, LeaseLost
from stts.jobs.transitions import ended_as, next_state
from stts.jobs.values import Batch, ItemEnd, Reason
from stts.storage.database.batch_rows import batch_of, error_values, reason_values, result_of, result_values
from stts.storage.database.batches import changed, locked_batch, of_owner
from stts.storage.database.connections import Database
from stts.storage.database.tables import batch_items, batches

MOST_LEASES_AHEAD = 2
"""A lease ends at most so many leases from now, by clocks that differ by less than one."""
_C = batch_items.c
_WAITS = (_C.batch_id == bindparam("of_batch")) & (_C.number == bindparam("of_number")) & (_C.state == "waiting")
_DONE = update(batch_items).where(_WAITS).values(
    state="done", result=bindparam("of_result"), sequence=bindparam("of_sequence")
)  # fmt: skip
_DONE_WITHOUT_WORDS = _DONE.values(request=None)
_FAILED = (
    update(batch_items)
    .where(_WAITS)
    .values(
        state="failed",
        error_code=bindparam("of_error_code"),
        error=bindparam("of_error"),
        sequence=bindparam("of_sequence"),
    )
)


class WorkOnBatches:
    """The BatchWork (`stts/jobs/store.py`) of one database."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        """`clock`: the one by which callers tell the time, Unix time in seconds."""
        self._database = database
        self._clock = clock
        self._ahead = 0.0
        """Seconds by which the clock of the database is ahead: servers compare leases by that one clock."""

    async def claim(self, root: str, lease: Lease, *, now: float, most: int) -> list[Batch]:
        # What gave way waits since its lease was over, what nobody has worked on since it was begun.
        waits_since = func.coalesce(batches.c.lease_until, batches.c.created_at)
        chosen = select(batches.c.id).order_by(waits_since, batches.c.id)
        # Of two servers that look at once each takes others.
        chosen = chosen.limit(most).with_for_update(skip_locked=True)
        # Servers look often, and mostly there is nothing: that takes SQLite's one writer from nobody.
        if not await self.waits(root, lease, now=now):
            return []
        values = {"holder": lease.holder, "lease_until": lease.until + self._ahead}
        async with self._database.writing() as connection:
            free = chosen.where(_is_free(root, lease, now, self._ahead))
            found = list((await connection.execute(free)).scalars())
            return [await _taken(connection, await locked_batch(connection, each), values) for each in found]

    async def waits(self, root: str, lease: Lease, *, now: float) -> bool:
        async with self._database.reading() as connection:
            if not self._database.address.is_embedded:
                at = (await connection.execute(select(extract("epoch", func.clock_timestamp())))).scalar_one()
                self._ahead = float(at) - self._clock()
            chosen = select(batches.c.id).where(_is_free(root, lease, now, self._ahead)).limit(1)
            return (await connection.execute(chosen)).first() is not None

    async def give_way(self, batch_id: str, holder: str, *, now: float) -> None:
        async with self._database.writing() as connection:
            await _held(connection, batch_id, holder)
            await changed(connection, batch_id, {"holder": None, "lease_until": now + self._ahead})

    async def renew(self, batch_id: str, lease: Lease) -> Batch:
        async with self._database.writing() as connection:
            await _held(connection, batch_id, lease.holder)
            return await changed(connection, batch_id, {"lease_until": lease.until + self._ahead})

    async def record(
        self, batch_id: str, lease: Lease, ends: Sequence[ItemEnd], *, now: float, pace: float | None, keeps_texts: bool
    ) -> Batch:
        async with self._database.writing() as connection:
            batch = await _held(connection, batch_id, lease.holder)
            ends = await _unwritten(connection, batch_id, ends)
            done = [end for end in ends if end.result is not None]
            failed = [end for end in ends if end.result is None]
            numbered = {id(end): batch.sequence + place for place, end in enumerate(ends, 1)}
            if done:
                statement = _DONE if keeps_texts else _DONE_WITHOUT_WORDS
                await connection.execute(statement, [_done_values(batch_id, end, numbered[id(end)]) for end in done])
            if failed:
                await connection.execute(_FAILED, [_failed_values(batch_id, end, numbered[id(end)]) for end in failed])
            values: dict[str, Any] = {
                "done": batch.done + len(done),
                "failed": batch.failed + len(failed),
                "size_ended": batch.size_ended + sum(end.item.size for end in ends),
                "seconds": batch.seconds + sum(end.result.seconds for end in ends if end.result is not None),
                "pace": pace,
                "sequence": batch.sequence + len(ends),
                "lease_until": lease.until + self._ahead,
            }
            return await changed(connection, batch_id, values | _end(batch, values, ends, now))

    async def rest(self, batch_id: str, holder: str, reason: Reason, resume_at: float | None, *, now: float) -> None:
        async with self._database.writing() as connection:
            batch = await _held(connection, batch_id, holder)
            values = {"state": next_state(batch.state, "rest"), "resume_at": resume_at, **reason_values(reason)}
            await changed(connection, batch_id, values | _FREE | {"sequence": batch.sequence + 1, "paused_at": now})

    async def release(self, holder: str) -> None:
        async with self._database.writing() as connection:
            await connection.execute(update(batches).where(batches.c.holder == holder).values(_FREE))

    async def results(self, owner: str | None, root: str, digests: Sequence[str]) -> Mapping[str, FoundResult]:
        # One row of each: a book may have the same words ten thousand times.
        newest = [batches.c.created_at.desc(), _C.batch_id, _C.number.desc()]
        rank = func.row_number().over(partition_by=_C.digest, order_by=newest).label("rank")
        ranked = (
            select(_C.batch_id, _C.number, rank)
            .join(batches, batches.c.id == _C.batch_id)
            .where(_C.digest.in_(digests), _C.state == "done", batches.c.root == root, of_owner(owner))
            .subquery()
        )
        is_it = (ranked.c.batch_id == _C.batch_id) & (ranked.c.number == _C.number)
        chosen = select(_C.digest, _C.batch_id, _C.result).join(ranked, is_it).where(ranked.c.rank == 1)
        async with self._database.reading() as connection:
            rows = await connection.execute(chosen)
            return {row.digest: FoundResult(row.batch_id, result_of(row.result)) for row in rows}


_FREE: dict[str, Any] = {"holder": None, "lease_until": None}


def _is_free(root: str, lease: Lease, now: float, ahead: float) -> ColumnElement[bool]:
    """`ahead`: seconds by which the clock of the database is ahead of the one that tells `now`."""
    columns = batches.c
    is_wanted = (columns.state == "running") | ((columns.state == "paused") & (columns.resume_at <= now))
    # A lease of so long was given by a clock that was wrong then, or this one is: whoever has it renews it soon, and
    # writes nothing more where it was taken.
    latest = now + ahead + MOST_LEASES_AHEAD * (lease.until - now)
    is_over = (columns.lease_until < now + ahead) | (columns.lease_until > latest)
    return (columns.root == root) & is_wanted & (columns.lease_until.is_(None) | is_over)


async def _taken(connection: AsyncConnection, batch: Batch, values: dict[str, Any]) -> Batch:
    if batch.state == "paused":
        values = values | {"state": next_state("paused", "wake"), "resume_at": None, "sequence": batch.sequence + 1}
        values |= {"paused_at": None}
        values |= reason_values(None)
    return await changed(connection, batch.id, values)


async def _held(connection: AsyncConnection, batch_id: str, holder: str) -> Batch:
    """The batch, locked. Raises LeaseLost where this server may not work on it any more."""
    chosen = select(batches).where(batches.c.id == batch_id).with_for_update()
    row = (await connection.execute(chosen)).first()
    if row is None or row.holder != holder or row.state != "running":
        raise LeaseLost
    return batch_of(row)


async def _unwritten(connection: AsyncConnection, batch_id: str, ends: Sequence[ItemEnd]) -> Sequence[ItemEnd]:
    """Those that are not there yet: one whose answer was lost on the way is written again, and counts once."""
    numbers = [end.item.number for end in ends]
    chosen = select(_C.number).where(_C.batch_id == batch_id, _C.number.in_(numbers), _C.state == "waiting")
    waiting = set((await connection.execute(chosen)).scalars())
    return [end for end in ends if end.item.number in waiting]


def _end(batch: Batch, values: Mapping[str, Any], ends: Sequence[ItemEnd], now: float) -> dict[str, Any]:
    """Further columns where these items were the last ones."""
    event = ended_as(values["done"], values["failed"], batch.total)
    if event is None:
        return {}
    error = next((end.error for end in reversed(ends) if end.error is not None), None) if event == "give_up" else None
    reason = None if error is None else Reason(error.code, f"All items failed, the last one so: {error.message}")
    state = {"state": next_state(batch.state, event), "ended_at": now, "sequence": values["sequence"] + 1}
    return state | _FREE | reason_values(reason)


def _done_values(batch_id: str, end: ItemEnd, sequence: int) -> dict[str, Any]:
    assert end.result is not None
    item = {"of_batch": batch_id, "of_number": end.item.number, "of_sequence": sequence}
    return item | {"of_result": result_values(end.result)}


def _failed_values(batch_id: str, end: ItemEnd, sequence: int) -> dict[str, Any]:
    error = end.error or Reason("internal_error", "")
    item = {"of_batch": batch_id, "of_number": end.item.number, "of_sequence": sequence}
    return item | {f"of_{name}": value for name, value in error_values(error).items()}
