"""Where the database is: its address as SQLAlchemy writes it, and as people may read it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stts.settings import Settings

FILE_NAME = "stts.db"
"""The embedded database, under `storage.root`."""


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """Either a file or the URL of a PostgreSQL server."""

    file: Path | None
    url: str
    """With its password: never logged."""
    timeout_seconds: float
    """Longest wait for a connection, a lock or one answer."""

    @classmethod
    def of(cls, settings: Settings) -> DatabaseAddress:
        timeout = settings.database.timeout_seconds
        given = settings.database.url.get_secret_value() if settings.database.url is not None else None
        if given is None:
            return cls.of_file(Path(settings.storage.root) / FILE_NAME, timeout)
        scheme, _, rest = given.partition("://")
        if scheme == "sqlite":
            return cls.of_file(Path(rest.removeprefix("/")), timeout)
        return cls(None, given, timeout)

    @classmethod
    def of_file(cls, file: Path, timeout_seconds: float) -> DatabaseAddress:
        return cls(file, f"sqlite:///{file}", timeout_seconds)

    @property
    def is_embedded(self) -> bool:
        """True for SQLite."""
        return self.file is not None

    @property
    def shown(self) -> str:
        """For people and logs: the file, or the server without its password."""
        if self.file is not None:
            return str(self.file)
        return f"postgresql://{self.url.partition('://')[2].rpartition('@')[2].partition('?')[0]}"
