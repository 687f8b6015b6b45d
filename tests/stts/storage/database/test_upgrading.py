"""A database of each version before, with a row in each of its tables, is brought to the newest and keeps them."""

from __future__ import annotations

from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Connection,
    Double,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    String,
    Table,
    insert,
    select,
)

from stts.access.roles import Role
from stts.storage.database.address import DatabaseAddress
from stts.storage.database.migrating import MIGRATIONS, VERSION_TABLE, blocking_engine, known_versions, upgrade
from stts.storage.database.migrations import HEAD
from stts.storage.database.stores import Stores

OLDEST = "0001"
NAMED = {
    "role": int(Role.WRITE),
    "priority": "normal",
    "state": "done",
    "kind": "speech",
    "id": "anna",
    "user_id": "anna",
    "batch_id": "anna",
}
"""Values that only some of all make sense for, and those that name another row."""
LISTS = ("allowed_addresses", "allowed_engines", "allowed_voices")
PLAIN: dict[type, Any] = {
    Boolean: True,
    SmallInteger: 7,
    BigInteger: 7,
    Integer: 7,
    Double: 1.5,
    Numeric: 1.5,
    LargeBinary: bytes(range(32)),
    String: "one",
}


def before(connection: Connection, version: str) -> dict[str, list[dict[str, Any]]]:
    """Makes an old database, and tells its rows by table."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, version)
    for table in tables(connection):
        if connection.execute(select(table)).first() is None:
            connection.execute(insert(table).values({column.name: value(column) for column in table.columns}))
    return {table.name: rows(connection, table) for table in tables(connection)}


def tables(connection: Connection) -> list[Table]:
    """Those that are there, what others refer to first."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != VERSION_TABLE]


def value(column: Any) -> Any:
    if column.name in NAMED and not isinstance(column.type, JSON):
        return NAMED[column.name]
    if isinstance(column.type, JSON):
        return [] if column.name in LISTS else {}
    return next(plain for kind, plain in PLAIN.items() if isinstance(column.type, kind))


def rows(connection: Connection, table: Table) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in connection.execute(select(table))]


@pytest.mark.parametrize("version", [each for each in sorted(known_versions()) if each != HEAD])
def test_each_row_is_kept(address: DatabaseAddress, version: str) -> None:
    if address.file is not None:
        address.file.parent.mkdir(parents=True)
    engine = blocking_engine(address)
    with engine.begin() as connection:
        kept = before(connection, version)
    assert kept and upgrade(address) == version
    with engine.begin() as connection:
        now = {table.name: rows(connection, table) for table in tables(connection)}
    engine.dispose()
    for name, old in kept.items():
        assert [{column: row[column] for column in old[0]} for row in now[name]] == old, name


async def test_the_oldest_is_read_by_the_server_of_today(address: DatabaseAddress) -> None:
    if address.file is not None:
        address.file.parent.mkdir(parents=True)
    engine = blocking_engine(address)
    with engine.begin() as connection:
        before(connection, OLDEST)
    engine.dispose()
    stores = Stores.over(address)
    await stores.database.migrate()
    (key,) = await stores.keys.all()
    (user,) = await stores.users.all()
    assert (key.user_id, key.role, user.id) == (user.id, Role.WRITE, "anna")
    assert (await stores.keys.change(key)).version == key.version + 1
    await stores.database.close()
