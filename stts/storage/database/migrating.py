"""Migrations, run under a lock: servers that start together on one database migrate it once. Blocking.

Most starts find the newest version and import no Alembic. A database of a newer server is left as it is.
"""

from __future__ import annotations

import logging
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, inspect, text

from stts.storage.database.address import DatabaseAddress
from stts.storage.database.failures import translated_failures
from stts.storage.database.migrations import HEAD
from stts.storage.database.versions import DatabaseTooNew

MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_TABLE = "alembic_version"
GIVE_WAY_MILLISECONDS = 50
log = logging.getLogger(__name__)
LOCK = 0x5354_5453
"""Number of PostgreSQL's advisory lock ("STTS")."""

# It tells of each of its parts as it is imported, and of each migration; one line of ours says as much.
logging.getLogger("alembic").setLevel(logging.WARNING)


def current_version(address: DatabaseAddress) -> str | None:
    """The version of a database; None for an empty one, or where its file does not exist yet. Raises DatabaseAway."""
    if address.file is not None and not address.file.exists():
        return None
    with _connected(address) as connection:
        return _version(connection)


def upgrade(address: DatabaseAddress) -> str | None:
    """Brings a database to the newest version and tells the one it had. Raises DatabaseAway, DatabaseTooNew."""
    if (found := current_version(address)) == HEAD:
        return found
    _refuse_newer(address, found)
    if address.file is not None:
        address.file.parent.mkdir(parents=True, exist_ok=True)
    with _connected(address) as connection:
        if not address.is_embedded:
            _bound_waits(connection, address.timeout_seconds)
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": LOCK})
        # Another server may have been faster.
        if (found := _version(connection)) != HEAD:
            _refuse_newer(address, found)
            _migrate(connection)
            made = "database made" if found is None else f"database brought from version {found}"
            log.info("%s, at version %s", made, HEAD)
    return found


def _bound_waits(connection: Connection, seconds: float) -> None:
    """A wait for a lock fails after so long: nobody can cancel this thread."""
    limit = f"{max(1, round(seconds * 1000))}ms"
    connection.execute(text("SELECT set_config('lock_timeout', :limit, true)"), {"limit": limit})


def known_versions() -> list[str]:
    """All versions that this server can migrate from, the newest first."""
    from alembic.script import ScriptDirectory

    return [each.revision for each in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]


def _refuse_newer(address: DatabaseAddress, found: str | None) -> None:
    if found is not None and found not in known_versions():
        raise DatabaseTooNew(address, found)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return found


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@contextmanager
def _connected(address: DatabaseAddress) -> Iterator[Connection]:
    """One transaction that nobody else writes beside; in SQLite it holds the file's lock."""
    with translated_failures(address):
        engine = blocking_engine(address)
        try:
            with engine.begin() as connection:
                yield connection
        finally:
            engine.dispose()


def _into_wal_mode(connection: sqlite3.Connection, timeout_seconds: float) -> None:
    """Two who change the mode at once wait for each other's locks: both give way after a moment and try again."""
    deadline = time.monotonic() + timeout_seconds
    connection.execute(f"PRAGMA busy_timeout={GIVE_WAY_MILLISECONDS}")
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(random.random() * GIVE_WAY_MILLISECONDS / 1000)
    connection.execute(f"PRAGMA busy_timeout={round(timeout_seconds * 1000)}")


def blocking_engine(address: DatabaseAddress) -> Engine:
    """An engine for blocking work: migrations, and the commands of an operator."""
    if address.is_embedded:
        engine = create_engine(address.url, poolclass=NullPool, connect_args={"timeout": address.timeout_seconds})
        begins_as_writer(engine, address.timeout_seconds)
        return engine
    return create_engine(
        address.url.replace("postgresql://", "postgresql+psycopg://", 1),
        poolclass=NullPool,
        connect_args={"connect_timeout": max(2, round(address.timeout_seconds))},
    )


def begins_as_writer(engine: Engine, timeout_seconds: float) -> None:
    """SQLite's transactions take the lock as they begin: one that read before it wrote could fail in the middle.

    A file is in WAL mode from its beginning, so that no two of the connections that follow change it at once.
    """

    @event.listens_for(engine, "connect")
    def _by_hand(connection: sqlite3.Connection, record: object) -> None:
        connection.isolation_level = None
        _into_wal_mode(connection, timeout_seconds)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
