"""Users in the database."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Row, delete, insert, select, update

from stts.access.keys import DataRemoval, User
from stts.errors import NotFound
from stts.storage.database.connections import Database
from stts.storage.database.revisions import next_revision
from stts.storage.database.tables import access_keys, data_removals, users


class Users:
    """The UserStore (`stts/access/keys.py`) of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, user: User) -> None:
        async with self._database.writing() as connection:
            await connection.execute(insert(users).values(**asdict(user)))

    async def find(self, user_id: str) -> User | None:
        async with self._database.reading() as connection:
            row = (await connection.execute(select(users).where(users.c.id == user_id))).first()
        return _user(row) if row is not None else None

    async def all(self, *, after: str = "", most: int = 100) -> list[User]:
        chosen = select(users).where(users.c.id > after).order_by(users.c.id).limit(most)
        async with self._database.reading() as connection:
            return [_user(row) for row in await connection.execute(chosen)]

    async def delete(self, user_id: str, now: float) -> list[str]:
        is_there = (users.c.id == user_id) & users.c.deleted_at.is_(None)
        alive = (access_keys.c.user_id == user_id) & access_keys.c.revoked_at.is_(None)
        # Locked by id, as whoever writes their last uses does: in another order each would wait for the other.
        locked = select(access_keys.c.id).where(alive).order_by(access_keys.c.id).with_for_update()
        async with self._database.writing() as connection:
            revision = await next_revision(connection)
            if (await connection.execute(update(users).where(is_there).values(deleted_at=now))).rowcount == 0:
                raise NotFound("There is no such user.")
            revoked = [row.id for row in await connection.execute(locked)]
            ended = {"revoked_at": now, "version": access_keys.c.version + 1, "revision": revision}
            await connection.execute(update(access_keys).where(alive).values(ended))
        return revoked

    async def remove_data(self, removal: DataRemoval) -> None:
        mine = data_removals.c.user_id == removal.user_id
        async with self._database.writing() as connection:
            # It locks the revision: two removals of one user come one after the other.
            values = {"removed_at": removal.at, "revision": await next_revision(connection)}
            if (await connection.execute(select(users.c.id).where(users.c.id == removal.user_id))).first() is None:
                raise NotFound("There is no such user.")
            await connection.execute(delete(data_removals).where(mine))
            await connection.execute(insert(data_removals).values(user_id=removal.user_id, **values))


def _user(row: Row[tuple[object, ...]]) -> User:
    return User(row.id, row.name, row.created_at, row.deleted_at)
