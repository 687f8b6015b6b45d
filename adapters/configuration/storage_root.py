"""The storage of a server whose own folder cannot be written to, where its operator allows another."""

from __future__ import annotations

import os
from pathlib import Path

import structlog

from stts.settings import StorageSettings

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()
ROOT_VARIABLE = "STTS_STORAGE__ROOT"


def fallen_back(storage: StorageSettings) -> str | None:
    """The folder that stands in for `storage.root`; None where that can be written to, or nothing may. Blocking."""
    return storage.home if storage.home_when_read_only and not _is_writable(Path(storage.root)) else None


def tell_fallen_back(home: str) -> None:
    """To be called when logging is set up."""
    log.warning("storage_root_read_only", used=home)


def _is_writable(folder: Path) -> bool:
    """Judges by the folder, or where there is none yet by the one that it would be made in."""
    existing = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)
