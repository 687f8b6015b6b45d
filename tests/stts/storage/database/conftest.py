"""Every test of a repository runs on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from stts.storage.database.address import DatabaseAddress
from stts.storage.database.stores import Stores
from tests.patient import PATIENCE
from tests.postgres import PostgreSQL, require_postgres, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgreSQL]:
    require_postgres()
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.socket)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> DatabaseAddress:
    """An empty database."""
    if request.param == "sqlite":
        return DatabaseAddress.of_file(tmp_path / "data" / "stts.db", PATIENCE)
    server: PostgreSQL = request.getfixturevalue("postgres")
    server.ensure()
    return DatabaseAddress(None, server.new_database(), PATIENCE)


@pytest.fixture
async def stores(address: DatabaseAddress) -> AsyncIterator[Stores]:
    """Repositories over a migrated database."""
    stores = Stores.over(address)
    await stores.database.migrate()
    yield stores
    await stores.database.close()
