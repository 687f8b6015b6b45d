"""The audit trail in the database."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from stts.access.audit import ALL, AuditEntry, AuditEvent, AuditFilter, ChainEnds, Link
from stts.errors import DatabaseUnusable
from stts.storage.database.connections import Database
from stts.storage.database.tables import audit, audit_chain

REMOVED_AT_ONCE = 5000
"""Most entries that one transaction removes."""
CHANGED = "The audit trail was changed by somebody else, and takes no entry: `stts audit verify` tells where."


class Audit:
    """The AuditStore (`stts/access/audit.py`) of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, events: Iterable[AuditEvent]) -> None:
        """Raises DatabaseUnusable where somebody else has put an entry behind the newest one."""
        try:
            await self._append(events)
        except IntegrityError:
            raise DatabaseUnusable(CHANGED) from None

    async def _append(self, events: Iterable[AuditEvent]) -> None:
        given = {event.id: event for event in events}
        async with self._database.writing() as connection:
            newest = (await _locked(connection)).newest
            written = await connection.execute(select(audit.c.id).where(audit.c.id.in_(given)))
            for row in written:
                del given[row.id]
            entries = []
            for event in given.values():
                entries.append(AuditEntry.following(newest, event))
                newest = entries[-1].link
            if entries:
                await connection.execute(insert(audit), [_values(entry) for entry in entries])
                await connection.execute(update(audit_chain).values(sequence=newest.sequence, hash=newest.hash))

    async def newest(self, wanted: AuditFilter = ALL, *, before: int | None = None, most: int) -> list[AuditEntry]:
        chosen = _filtered(wanted).order_by(audit.c.sequence.desc()).limit(most)
        return await self._read(chosen if before is None else chosen.where(audit.c.sequence < before))

    async def oldest(self, wanted: AuditFilter = ALL, *, after: int = 0, most: int) -> list[AuditEntry]:
        chosen = _filtered(wanted).order_by(audit.c.sequence).limit(most)
        return await self._read(chosen.where(audit.c.sequence > after))

    async def ends(self) -> ChainEnds:
        async with self._database.reading() as connection:
            return await _ends(connection)

    async def remove_before(self, at: float) -> Link | None:
        async with self._database.writing() as connection:
            ends = await _locked(connection)
            oldest = select(audit.c.sequence, audit.c.hash, audit.c.at).order_by(audit.c.sequence)
            rows = (await connection.execute(oldest.limit(REMOVED_AT_ONCE))).all()
            # An entry that is not older keeps all behind it, also those that a clock which was wrong calls older.
            kept = next((index for index, row in enumerate(rows) if row.at >= at), len(rows))
            if kept == 0:
                return None
            last = Link(rows[kept - 1].sequence, rows[kept - 1].hash)
            await connection.execute(delete(audit).where(audit.c.sequence <= last.sequence))
            if last.sequence > ends.removed.sequence:
                values = {"removed_sequence": last.sequence, "removed_hash": last.hash}
                await connection.execute(update(audit_chain).values(values))
        return last

    async def _read(self, chosen: Select[Any]) -> list[AuditEntry]:
        async with self._database.reading() as connection:
            return [_entry(row) for row in await connection.execute(chosen)]


async def _locked(connection: AsyncConnection) -> ChainEnds:
    """The ends of the chain, which stay as they are until the transaction ends."""
    await connection.execute(update(audit_chain).values(id=audit_chain.c.id))
    return await _ends(connection)


async def _ends(connection: AsyncConnection) -> ChainEnds:
    row = (await connection.execute(select(audit_chain))).one()
    return ChainEnds(Link(row.removed_sequence, row.removed_hash), Link(row.sequence, row.hash))


def _filtered(wanted: AuditFilter) -> Select[Any]:
    chosen = select(audit)
    for column in (audit.c.action, audit.c.actor, audit.c.target):
        if (value := getattr(wanted, column.name)) is not None:
            chosen = chosen.where(column == value)
    if wanted.since is not None:
        chosen = chosen.where(audit.c.at >= wanted.since)
    return chosen if wanted.until is None else chosen.where(audit.c.at < wanted.until)


def _values(entry: AuditEntry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in entry.__slots__} | {"details": json.dumps(entry.details)}


def _entry(row: Row[tuple[object, ...]]) -> AuditEntry:
    return AuditEntry(**{**row._mapping, "details": _details(row.details)})


def _details(text: str) -> dict[str, Any]:
    """Tells also what somebody has made unreadable: verifying finds that, and must come so far."""
    try:
        read = json.loads(text)
    except ValueError:
        read = None
    return read if isinstance(read, dict) else {"unreadable": text}
