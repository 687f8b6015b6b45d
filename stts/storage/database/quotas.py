"""Counters of quotas in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from stts.access.allowances import Claim, Counter
from stts.storage.database.connections import Database
from stts.storage.database.tables import quota_counters

ROUNDING = 1e-6
"""Sums of seconds in binary fractions may be off by so much."""

# Statements are made once: to make one costs as much as to run it.
_COLUMNS = quota_counters.c
_OF_COUNTER = (
    (_COLUMNS.subject == bindparam("of_subject"))
    & (_COLUMNS.unit == bindparam("of_unit"))
    & (_COLUMNS.period_window == bindparam("of_window"))
)
_USED = select(_COLUMNS.used).where(_OF_COUNTER)
_LOCKED = _USED.with_for_update()
_ADDED = update(quota_counters).where(_OF_COUNTER).values(used=_COLUMNS.used + bindparam("more"))


class Quotas:
    """The QuotaStore (`stts/access/allowances.py`) of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        insert: Any = sqlite.insert if database.address.is_embedded else postgresql.insert
        self._made = insert(quota_counters).on_conflict_do_nothing()

    async def claim(self, counter: Counter, at_least: float, at_most: float, most: float) -> Claim:
        async with self._database.writing() as connection:
            used = await self._locked(connection, counter)
            if used + at_least > most + ROUNDING:
                return Claim(0.0, used)
            granted = max(at_least, min(at_most, most - used))
            await _add(connection, counter, granted)
        return Claim(granted, used + granted)

    async def used(self, counters: Sequence[Counter]) -> dict[Counter, float]:
        found: dict[Counter, float] = {}
        async with self._database.reading() as connection:
            for counter in counters:
                used = (await connection.execute(_USED, _of(counter))).scalar()
                if used is not None:
                    found[counter] = used
        return found

    async def largest(self, prefix: str, unit: str, window: str, most: int) -> dict[str, float]:
        wanted = (_COLUMNS.unit == unit) & (_COLUMNS.period_window == window)
        wanted &= self._begins_with(prefix)
        chosen = select(_COLUMNS.subject, _COLUMNS.used).where(wanted)
        async with self._database.reading() as connection:
            rows = await connection.execute(chosen.order_by(_COLUMNS.used.desc(), _COLUMNS.subject).limit(most))
            return {row.subject: row.used for row in rows}

    def _begins_with(self, prefix: str) -> ColumnElement[bool]:
        if self._database.address.is_embedded:
            # SQLite orders by bytes, so that its index finds them; PostgreSQL as its locale does.
            return (_COLUMNS.subject >= prefix) & (_COLUMNS.subject < prefix[:-1] + chr(ord(prefix[-1]) + 1))
        return _COLUMNS.subject.startswith(prefix, autoescape=True)

    async def sums(self, subjects: Sequence[str], windows: Sequence[str]) -> dict[Counter, float]:
        chosen = select(quota_counters).where(_COLUMNS.subject.in_(subjects), _COLUMNS.period_window.in_(windows))
        async with self._database.reading() as connection:
            rows = await connection.execute(chosen)
            return {Counter(row.subject, row.unit, row.period_window): row.used for row in rows}

    async def remove_before(self, window: str) -> int:
        async with self._database.writing() as connection:
            old = delete(quota_counters).where(quota_counters.c.period_window < window)
            return (await connection.execute(old)).rowcount

    async def add(self, amounts: Sequence[tuple[Counter, float]]) -> None:
        async with self._database.writing() as connection:
            # In one order, so that two servers never wait for each other.
            for counter, amount in sorted(amounts, key=lambda each: (each[0].subject, each[0].unit, each[0].window)):
                await self._locked(connection, counter)
                await _add(connection, counter, amount)

    async def _locked(self, connection: AsyncConnection, counter: Counter) -> float:
        """The amount used. The counter exists from now on, and is locked until the transaction ends."""
        values = {"subject": counter.subject, "unit": counter.unit, "period_window": counter.window, "used": 0.0}
        await connection.execute(self._made, values)
        used: float = (await connection.execute(_LOCKED, _of(counter))).scalar_one()
        return used


async def _add(connection: AsyncConnection, counter: Counter, amount: float) -> None:
    await connection.execute(_ADDED, {**_of(counter), "more": amount})


def _of(counter: Counter) -> dict[str, str]:
    return {"of_subject": counter.subject, "of_unit": counter.unit, "of_window": counter.window}
