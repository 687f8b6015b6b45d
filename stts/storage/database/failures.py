"""Failures of the database, as errors of the server."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from stts.errors import DatabaseAway, DatabaseUnusable
from stts.storage.database.address import DatabaseAddress

NOT_OURS = (OperationalError, InterfaceError, InternalError)
"""Failures of the database itself. A damaged SQLite file is a plain DatabaseError, the base of all."""
REFUSALS = frozenset({"42501", "42P01", "3F000"})
"""PostgreSQL's codes: a right is missing, or a table, or the schema; an operator has changed something."""
RETRY_SECONDS = 2.0
"""Seconds after which a client may try again."""


class DatabaseNotInstalled(DatabaseUnusable):
    code, title = "database_not_installed", "Driver of the database not installed"


@contextmanager
def translated_failures(address: DatabaseAddress) -> Iterator[None]:
    """Raises DatabaseAway for a database that does not answer, is full, or is cut off in the middle, and
    DatabaseUnusable for one that refuses a right."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != "psycopg":
            raise
        said = "PostgreSQL needs its driver: pip install -r requirements/postgresql.txt"
        raise DatabaseNotInstalled(said) from None
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in REFUSALS:
            cause = type(error.orig).__name__
            raise DatabaseUnusable(f"The database {address.shown} does not let this server work ({cause}).") from error
        if not (error.connection_invalidated or isinstance(error, NOT_OURS) or type(error) is DatabaseError):
            raise
        raise away(address, error) from error
    except (NoConnection, TimeoutError, OSError) as error:
        raise away(address, error) from error


def away(address: DatabaseAddress, error: Exception) -> DatabaseAway:
    original = getattr(error, "orig", None) or error
    # SQLite says what is wrong and quotes nothing; messages of other drivers may hold names and values.
    cause = str(original) if isinstance(original, sqlite3.Error) else type(original).__name__
    return DatabaseAway(f"The database {address.shown} does not answer ({cause}).", retry_after=RETRY_SECONDS)
