"""Versions of a database that this server cannot use."""

from __future__ import annotations

from stts.errors import DatabaseUnusable
from stts.storage.database.address import DatabaseAddress
from stts.storage.database.migrations import HEAD


class DatabaseTooNew(DatabaseUnusable):
    """It was migrated by a newer server, and is left as it is."""

    code, title = "database_too_new", "Database of a newer server"

    def __init__(self, address: DatabaseAddress, found: str) -> None:
        super().__init__(
            f"The database {address.shown} is of a newer version of this server ({found}; this one knows {HEAD}). "
            "It was left as it is: start the newer server, or name another in database.url."
        )
