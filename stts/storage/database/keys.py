"""Keys in the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

import structlog
from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from stts.access.keys import AccessKey, DataRemoval, KeyChanged, KeyChanges, KeyLimits, PriorityClass, User
from stts.access.roles import Role
from stts.errors import NotFound
from stts.storage.database.connections import Database
from stts.storage.database.revisions import current_revision, next_revision
from stts.storage.database.tables import access_keys, data_removals, users

LISTS = ("allowed_addresses", "allowed_engines", "allowed_voices")
CHANGED_AT_ONCE = 1000
"""Most changed keys that are read at once."""
KNOWN_LIMITS = frozenset(each.name for each in fields(KeyLimits))

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Keys:
    """The KeyStore (`stts/access/keys.py`) of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, key: AccessKey) -> None:
        owner = select(users.c.id).where(users.c.id == key.user_id, users.c.deleted_at.is_(None))
        async with self._database.writing() as connection:
            # It locks the revision: whoever deletes the user meanwhile has done so before the user is looked for.
            values = row_values(key) | {"revision": await next_revision(connection)}
            if (await connection.execute(owner)).first() is None:
                raise NotFound("There is no such user.", param="user_id")
            await connection.execute(insert(access_keys).values(values))

    async def add_first(self, user: User, key: AccessKey) -> bool:
        unexpired = access_keys.c.expires_at.is_(None) | (access_keys.c.expires_at > key.created_at)
        alive = select(access_keys.c.id).where(access_keys.c.revoked_at.is_(None), unexpired).limit(1)
        async with self._database.writing() as connection:
            # It locks the revision: others who try the same wait here.
            values = row_values(key) | {"revision": await next_revision(connection)}
            if (
                await connection.execute(select(access_keys.c.id).where(access_keys.c.id == key.id))
            ).first() is not None:
                return True
            if (await connection.execute(alive)).first() is not None:
                return False
            await connection.execute(insert(users).values(**asdict(user)))
            await connection.execute(insert(access_keys).values(values))
        return True

    async def find(self, key_id: str) -> AccessKey | None:
        async with self._database.reading() as connection:
            return await _found(connection, key_id)

    async def all(self, *, user_id: str | None = None, after: str = "", most: int = 100) -> list[AccessKey]:
        chosen = select(access_keys).where(access_keys.c.id > after).order_by(access_keys.c.id).limit(most)
        if user_id is not None:
            chosen = chosen.where(access_keys.c.user_id == user_id)
        async with self._database.reading() as connection:
            return [key for row in await connection.execute(chosen) if (key := _key(row)) is not None]

    async def change(self, key: AccessKey) -> AccessKey:
        changed = replace(key, version=key.version + 1)
        is_same = (access_keys.c.id == key.id) & (access_keys.c.version == key.version)
        values = row_values(changed)
        del values["last_used_at"]
        async with self._database.writing() as connection:
            values["revision"] = await next_revision(connection)
            if (await connection.execute(update(access_keys).where(is_same).values(values))).rowcount == 1:
                return changed
            newer = await _found(connection, key.id)
            if newer is None:
                raise NotFound("There is no such key.")
            raise KeyChanged(newer)

    async def used(self, times: Mapping[str, float]) -> None:
        if not times:
            return
        one = update(access_keys).where(access_keys.c.id == bindparam("key")).values(last_used_at=bindparam("at"))
        async with self._database.writing() as connection:
            await connection.execute(one, [{"key": key, "at": at} for key, at in sorted(times.items())])

    async def changed_after(self, revision: int, key_id: str | None = None) -> KeyChanges:
        place = access_keys.c.revision, access_keys.c.id
        is_behind = access_keys.c.revision > revision
        if key_id is not None:
            # The keys of a deleted user share a revision.
            is_behind |= (access_keys.c.revision == revision) & (access_keys.c.id > key_id)
        chosen = select(access_keys).where(is_behind).order_by(*place).limit(CHANGED_AT_ONCE)
        async with self._database.reading() as connection:
            newest = await current_revision(connection)
            if newest == revision and key_id is None:
                return KeyChanges(revision, ())
            rows = (await connection.execute(chosen)).all()
            is_all = len(rows) < CHANGED_AT_ONCE
            removals = await _removals(connection, revision, newest if is_all else rows[-1].revision)
        read = {row.id: _key(row) for row in rows}
        keys = [key for key in read.values() if key is not None]
        unreadable = [key_id for key_id, key in read.items() if key is None]
        if not is_all:
            return KeyChanges(rows[-1].revision, keys, rows[-1].id, unreadable, removals)
        return KeyChanges(newest, keys, None, unreadable, removals)


async def _removals(connection: AsyncConnection, after: int, to: int) -> list[DataRemoval]:
    revision = data_removals.c.revision
    chosen = select(data_removals).where(revision > after, revision <= to).order_by(revision)
    return [DataRemoval(row.user_id, row.removed_at) for row in await connection.execute(chosen)]


async def _found(connection: AsyncConnection, key_id: str) -> AccessKey | None:
    row = (await connection.execute(select(access_keys).where(access_keys.c.id == key_id))).first()
    return _key(row) if row is not None else None


def row_values(key: AccessKey) -> dict[str, Any]:
    """The columns of a key, but for the revision."""
    values = {name: getattr(key, name) for name in key.__slots__}
    lists = {name: list(values[name]) for name in LISTS}
    own = {"role": int(key.role), "priority": str(key.priority), "limits": _set(key.limits)}
    single = {name: _set(limits) for name, limits in key.subject_limits} or None
    subjects = None if key.subjects is None else _set(key.subjects)
    return values | lists | own | {"subjects": subjects, "subject_limits": single}


def _set(limits: KeyLimits) -> dict[str, int]:
    return {name: most for name, most in asdict(limits).items() if most is not None}


def _key(row: Row[tuple[object, ...]]) -> AccessKey | None:
    """A key; None where a newer server has given it a role or a priority that this one does not know."""
    values = {name: value for name, value in row._mapping.items() if name != "revision"}
    lists = {name: tuple(values[name]) for name in LISTS}
    try:
        parts = {"role": Role(values["role"]), "priority": PriorityClass(values["priority"])}
    except ValueError as error:
        log.error("key_unreadable", key=row.id, error=str(error))
        return None
    subjects = None if values["subjects"] is None else _limits(row.id, values["subjects"])
    single = tuple((name, _limits(row.id, kept)) for name, kept in (values["subject_limits"] or {}).items())
    limits = {"limits": _limits(row.id, values["limits"]), "subjects": subjects, "subject_limits": single}
    return AccessKey(**values | lists | parts | limits)


def _limits(key_id: str, kept: Mapping[str, int]) -> KeyLimits:
    if unknown := sorted(kept.keys() - KNOWN_LIMITS):
        log.warning("key_limits_unknown", key=key_id, limits=unknown)
    return KeyLimits(**{name: most for name, most in kept.items() if name in KNOWN_LIMITS})
