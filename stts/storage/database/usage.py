"""Usage in the database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Container, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, String, Table, bindparam, delete, func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from stts.analytics.usage import (
    DAY,
    MEASURES,
    NO_KEY,
    OTHER,
    HourKey,
    UsageBatch,
    UsageColumn,
    UsageGroup,
    UsageKey,
    UsageQuery,
    UsageSums,
)
from stts.storage.database.connections import Database
from stts.storage.database.tables import LONGEST_NAME, usage, usage_batches, usage_hours, usage_listener_hours, users

FORGOTTEN_DAYS = 7
"""Days after which the last batch of a writer is forgotten; it waits for its answer no longer than it runs."""
ROWS_AT_ONCE = 500
NAMES = ("engine", "voice", "language")
_NAMED = users.c.id.in_(bindparam("ids", expanding=True))
_USERS = select(users).where(_NAMED).order_by(users.c.id).with_for_update(read=True)


class Usage:
    """The UsageStore (`stts/analytics/usage.py`) of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # The two write "insert or add" alike, each in a dialect of its own. Made once: that costs as much as to run it.
        insert: Any = sqlite.insert if database.address.is_embedded else postgresql.insert
        self._noting = _noting(insert(usage_batches))
        self._adding = {table: _adding(table, insert(table)) for table in (usage, usage_hours, usage_listener_hours)}

    async def add(self, batch: UsageBatch) -> None:
        async with self._database.writing() as connection:
            if not await self._is_new(connection, batch):
                return
            if rows := _rows(_without(await self._deleted_users(connection, batch), batch.rows)):
                await connection.execute(self._adding[usage], rows)
            if batch.hours:
                await connection.execute(self._adding[usage_hours], _hour_rows(_of_all(batch.hours), ("hour", "kind")))
                by_listener = _hour_rows(batch.hours, HourKey._fields)
                await connection.execute(self._adding[usage_listener_hours], by_listener)

    async def sums(self, query: UsageQuery, columns: Sequence[UsageColumn], *, most: int) -> list[UsageGroup]:
        by = [usage.c[name] for name in columns]
        chosen = select(*by, *_sums_of(usage)).where(*_conditions(query)).limit(most)
        if by:
            chosen = chosen.group_by(*by).order_by(*by)
        async with self._database.reading() as connection:
            # Sums over nothing are one row of nulls.
            return [
                UsageGroup(tuple(row[: len(by)]), _sums(row[len(by) :]))
                async for row in _rows_of(connection, chosen)
                if row[len(by)] is not None
            ]

    async def hours(
        self, first_hour: int, *, step: int = 1, kind: str | None = None, listener: str | None = None
    ) -> dict[int, UsageSums]:
        table = usage_hours if listener is None else usage_listener_hours
        number = (table.c.hour - first_hour) // step
        chosen = select(number, *_sums_of(table)).where(table.c.hour >= first_hour)
        if kind is not None:
            chosen = chosen.where(table.c.kind == kind)
        if listener is not None:
            chosen = chosen.where(table.c.listener == listener)
        # By its position: PostgreSQL takes an expression with parameters for another one each time.
        chosen = chosen.group_by(text("1"))
        async with self._database.reading() as connection:
            return {int(row[0]): _sums(row[1:]) async for row in _rows_of(connection, chosen)}

    async def first_day(self) -> int | None:
        async with self._database.reading() as connection:
            found: int | None = (await connection.execute(select(func.min(usage.c.day)))).scalar()
        return found

    async def remove_before(self, day: int) -> None:
        # One day at a time: nobody waits long for the lock, and no transaction outlasts its time.
        while (first := await self.first_day()) is not None and first < day:
            async with self._database.writing() as connection:
                await connection.execute(delete(usage).where(usage.c.day <= first))
        async with self._database.writing() as connection:
            for table in (usage_hours, usage_listener_hours):
                await connection.execute(delete(table).where(table.c.hour < day * 24))
            await connection.execute(delete(usage_batches).where(usage_batches.c.day < _today() - FORGOTTEN_DAYS))

    async def forget(self, user_id: str) -> int:
        mine = usage.c.user_id == user_id
        forgotten = 0
        # One day at a time, its rows locked by key and the nameless ones last: as whoever adds a batch locks them.
        while True:
            async with self._database.writing() as connection:
                day = (await connection.execute(select(func.min(usage.c.day)).where(mine))).scalar()
                if day is None:
                    return forgotten
                of_day = mine & (usage.c.day == day)
                locked = select(usage.c.day).where(of_day).order_by(*self._in_order())
                await connection.execute(locked.with_for_update())
                # A row that another server adds meanwhile is not locked, and may be removed: what was, is added.
                found = (await connection.execute(delete(usage).where(of_day).returning(usage))).all()
                await connection.execute(self._adding[usage], _rows(_nameless(found)))
            forgotten += len(found)

    async def _deleted_users(self, connection: AsyncConnection, batch: UsageBatch) -> frozenset[str]:
        """The ids of those who were deleted. Others stay undeleted until the transaction ends: whoever deletes one of
        them and removes its data then finds these rows."""
        named = {key.user_id for key in batch.rows} - {NO_KEY, OTHER}
        if not named:
            return frozenset()
        found = await connection.execute(_USERS, {"ids": sorted(named)})
        return frozenset(row.id for row in found if row.deleted_at is not None)

    async def _is_new(self, connection: AsyncConnection, batch: UsageBatch) -> bool:
        """Notes its number, where that is the newest of its writer."""
        noted = await connection.execute(
            self._noting,
            {"writer": batch.writer, "number": batch.number, "day": _today()},
            execution_options={"preserve_rowcount": True},
        )
        return bool(noted.rowcount == 1)

    def _in_order(self) -> list[ColumnElement[Any]]:
        """The columns by which rows are locked, in the order of `_rows`: that of code points, whatever order the
        database has for words."""
        columns = usage.primary_key.columns
        if self._database.address.is_embedded:
            return list(columns)
        return [each.collate("C") if isinstance(each.type, String) else each for each in columns]


def _noting(insert: Any) -> Any:
    """Inserts the number of a batch where it is the newest of its writer."""
    return insert.on_conflict_do_update(
        index_elements=["writer"],
        set_={"number": insert.excluded.number, "day": insert.excluded.day},
        where=usage_batches.c.number < insert.excluded.number,
    )


def _adding(table: Table, insert: Any) -> Any:
    """Inserts rows, or adds to the sums of those that are there."""
    more = {name: table.c[name] + insert.excluded[name] for name in MEASURES}
    return insert.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=more)


async def _rows_of(connection: AsyncConnection, chosen: Select[Any]) -> AsyncIterator[Row[Any]]:
    """Rows in parts, between which the event loop gets its turn."""
    found = await connection.stream(chosen, execution_options={"yield_per": ROWS_AT_ONCE})
    async for rows in found.partitions():
        for row in rows:
            yield row
        await asyncio.sleep(0)


def _rows(rows: Mapping[UsageKey, UsageSums]) -> list[dict[str, Any]]:
    """Rows in the order of their keys: writers that lock the same ones in the same order never wait in a circle."""
    merged: dict[UsageKey, UsageSums] = {}
    for key, sums in rows.items():
        merged.setdefault(_storable(key), UsageSums()).merge(sums)
    return [key._asdict() | _measured(merged[key]) for key in sorted(merged)]


def _without(deleted: Container[str], rows: Mapping[UsageKey, UsageSums]) -> dict[UsageKey, UsageSums]:
    """The same sums, without the names of users who were deleted."""
    merged: dict[UsageKey, UsageSums] = {}
    for key, sums in rows.items():
        merged.setdefault(key.nameless if key.user_id in deleted else key, UsageSums()).merge(sums)
    return merged


def _nameless(found: Sequence[Row[Any]]) -> dict[UsageKey, UsageSums]:
    merged: dict[UsageKey, UsageSums] = {}
    for row in found:
        key = UsageKey(*(getattr(row, name) for name in UsageKey._fields)).nameless
        merged.setdefault(key, UsageSums()).merge(_sums([getattr(row, name) for name in MEASURES]))
    return merged


def _of_all(hours: Mapping[HourKey, UsageSums]) -> dict[HourKey, UsageSums]:
    """The same sums, of all listeners together."""
    merged: dict[HourKey, UsageSums] = {}
    for key, sums in hours.items():
        merged.setdefault(HourKey(key.hour, key.kind), UsageSums()).merge(sums)
    return merged


def _hour_rows(hours: Mapping[HourKey, UsageSums], columns: Sequence[str]) -> list[dict[str, Any]]:
    return [{name: getattr(key, name) for name in columns} | _measured(hours[key]) for key in sorted(hours)]


def _storable(key: UsageKey) -> UsageKey:
    """A key whose names both databases take: of bounded length, in UTF-8, without NUL. Voices may be names of files."""
    names = {name: getattr(key, name) for name in NAMES}
    return key._replace(
        **{
            name: text.encode("utf-8", "replace").decode().replace("\0", "?")[:LONGEST_NAME]
            for name, text in names.items()
        }
    )


def _measured(sums: UsageSums) -> dict[str, int | float]:
    return {name: getattr(sums, name) for name in MEASURES}


def _conditions(query: UsageQuery) -> list[ColumnElement[bool]]:
    conditions = [usage.c.day >= query.first_day]
    if query.last_day is not None:
        conditions.append(usage.c.day <= query.last_day)
    if query.key_id is not None:
        conditions.append(usage.c.key_id == query.key_id)
    if query.user_id is not None:
        conditions.append(usage.c.user_id == query.user_id)
    if query.listener is not None:
        conditions.append(usage.c.listener == query.listener)
    return conditions


def _sums_of(table: Table) -> list[ColumnElement[Any]]:
    return [func.sum(table.c[name]) for name in MEASURES]


def _sums(values: Any) -> UsageSums:
    sums = UsageSums()
    for name, value in zip(MEASURES, values, strict=True):
        # PostgreSQL adds whole numbers up to a Decimal.
        setattr(sums, name, type(getattr(sums, name))(value))
    return sums


def _today() -> int:
    return int(time.time() // DAY)
