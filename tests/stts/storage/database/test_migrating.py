"""Migrations: once, under a lock, never downwards, and they make the tables that repositories use."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, text

from stts.errors import DatabaseAway
from stts.storage.database.address import DatabaseAddress
from stts.storage.database.migrating import LOCK, MIGRATIONS, blocking_engine, current_version, known_versions, upgrade
from stts.storage.database.migrations import HEAD
from stts.storage.database.tables import access_keys, metadata
from stts.storage.database.versions import DatabaseTooNew
from tests.patience import PATIENCE


def test_head_is_the_newest_migration() -> None:
    assert known_versions()[0] == HEAD


def test_no_two_migrations_have_the_same_number() -> None:
    """Alembic takes one of two for granted and says nothing."""
    names = sorted(path.name for path in (MIGRATIONS / "versions").glob("v[0-9]*.py"))
    assert [name[1:5] for name in names] == [f"{number:04}" for number in range(1, len(names) + 1)]


def test_an_empty_database_gets_the_newest_version(address: DatabaseAddress) -> None:
    assert current_version(address) is None
    assert upgrade(address) is None
    assert current_version(address) == HEAD
    assert upgrade(address) == HEAD


def test_a_new_database_is_one_line_of_the_log(address: DatabaseAddress, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        upgrade(address)
        upgrade(address)
    assert caplog.messages == [f"database made, at version {HEAD}"]


def test_migrations_make_the_tables_that_repositories_use(address: DatabaseAddress) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    upgrade(address)
    engine = blocking_engine(address)
    with engine.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_usage_from_before_there_were_listeners_is_kept(address: DatabaseAddress) -> None:
    from alembic import command
    from alembic.config import Config

    if address.file is not None:
        address.file.parent.mkdir(parents=True)
    engine = blocking_engine(address)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        names = "day, key_id, engine, voice, language, kind, user_id, operations, errors, cancelled, characters"
        more = "seconds_in, seconds_out, cache_hits, bytes"
        values = "20000, 'laptop', 'tone', 'low', 'en', 'tts', 'anna', 7, 0, 0, 9, 0, 1.5, 0, 8"
        connection.execute(text(f"INSERT INTO usage ({names}, {more}) VALUES ({values})"))
    assert upgrade(address) == "0006"
    with engine.begin() as connection:
        assert connection.execute(text("SELECT operations, listener FROM usage")).all() == [(7, "none")]
    engine.dispose()


def test_keys_from_before_use_the_cache(address: DatabaseAddress) -> None:
    from alembic import command
    from alembic.config import Config

    if address.file is not None:
        address.file.parent.mkdir(parents=True)
    engine = blocking_engine(address)
    columns = "id, user_id, name, role, priority, secret_hash, created_at, allowed_addresses, allowed_engines"
    more = "allowed_voices, limits, version, revision"
    lists = "'[]', '[]', '[]', '{}'"
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0007")
        connection.execute(text("INSERT INTO users (id, name, created_at) VALUES ('anna', 'Anna', 1)"))
        row = text(
            f"INSERT INTO access_keys ({columns}, {more}) "
            f"VALUES (:id, 'anna', 'laptop', 2, 'normal', :hash, 1, {lists}, 1, 1)"
        )
        connection.execute(row, {"id": "before", "hash": bytes(32)})
    assert upgrade(address) == "0007"
    with engine.begin() as connection:
        # A server that is still of the version before.
        connection.execute(row, {"id": "since", "hash": bytes(32)})
        assert connection.execute(select(access_keys.c.id, access_keys.c.cache).order_by("id")).all() == [
            ("before", True),
            ("since", True),
        ]
    engine.dispose()


async def test_servers_that_start_together_migrate_once(address: DatabaseAddress) -> None:
    found = await asyncio.gather(*(asyncio.to_thread(upgrade, address) for _ in range(6)))
    assert None in found and set(found) <= {None, HEAD}
    engine = blocking_engine(address)
    with engine.begin() as connection:
        assert connection.execute(text("SELECT revision FROM access_revision")).scalars().all() == [0]
    engine.dispose()


def test_a_newer_database_is_refused_in_words_and_left_as_it_is(address: DatabaseAddress) -> None:
    upgrade(address)
    engine = blocking_engine(address)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = address.file.read_bytes() if address.file is not None else b""
    with pytest.raises(DatabaseTooNew, match=r"newer version of this server \(9999; this one knows"):
        upgrade(address)
    with engine.begin() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"
    engine.dispose()
    assert (address.file.read_bytes() if address.file is not None else b"") == before


def test_a_failed_migration_leaves_nothing_half_made(address: DatabaseAddress, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic import op

    def full(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(op, "bulk_insert", full)
    with pytest.raises(sqlite3.OperationalError):
        upgrade(address)
    monkeypatch.undo()
    assert current_version(address) is None
    assert upgrade(address) is None


def test_waiting_for_another_who_migrates_is_bounded(address: DatabaseAddress) -> None:
    if address.is_embedded:
        pytest.skip("SQLite bounds it itself")
    engine = blocking_engine(address)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": LOCK})
        with pytest.raises(DatabaseAway, match="LockNotAvailable"):
            upgrade(replace(address, timeout_seconds=0.05))
    engine.dispose()
    assert upgrade(address) is None


def test_a_file_that_is_no_database_is_told(address: DatabaseAddress) -> None:
    if address.file is None:
        pytest.skip("PostgreSQL has no file")
    address.file.parent.mkdir()
    address.file.write_text("This is not a database. " * 100)
    with pytest.raises(DatabaseAway, match=r"stts\.db"):
        upgrade(address)
    assert address.file.read_text().startswith("This is not a database.")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://anna:secret@db.example/stts?sslmode=require", "postgresql://db.example/stts"),
        ("postgresql://db/stts", "postgresql://db/stts"),
    ],
)
def test_the_address_is_shown_without_its_password(url: str, shown: str) -> None:
    assert DatabaseAddress(None, url, 5.0).shown == shown


def test_a_file_is_in_wal_mode_before_several_connect_at_once(tmp_path: Path) -> None:
    """Some of those that change the mode together fail at once, however long they would wait."""
    for number in range(10):
        address = DatabaseAddress.of_file(tmp_path / f"{number}.db", PATIENCE)
        with ThreadPoolExecutor(4) as threads:
            assert list(threads.map(upgrade, [address] * 4)).count(None) >= 1
        with closing(sqlite3.connect(tmp_path / f"{number}.db")) as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
