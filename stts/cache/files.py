"""The files of the disk tier: one an entry, in folders by the first two digits of its key. Blocking.

Other servers may use the same folder: a file appears complete, and one that is gone when it is to be read or removed
was removed by somebody else.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from stts.cache.stored import Stored, described
from stts.storage.private import mode_in

TEMPORARY_SUFFIX = ".tmp"
ABANDONED_SECONDS = 3600.0
"""Age from which on a file that is not complete was left by a crash."""
FOLDER_MODE = 0o770
"""Less what the process takes from all (`stts/storage/private.py`)."""
DESCRIPTION_BYTES = 4096
"""Read of a file at first, to learn what it holds."""
BLOCK_BYTES = 4096
"""A file takes whole blocks of a disk."""


@dataclass(frozen=True, slots=True)
class CachedFile:
    key: str
    size: int
    """Bytes of the disk."""
    used: float
    """Unix time at which it was last read or written."""


class CacheFiles:
    """Files of entries by their keys. Each method may raise OSError, but for what is not there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, key: str) -> Path:
        return self.folder / key[:2] / key

    def read(self, key: str) -> bytes | None:
        """None where there is none."""
        try:
            return self.path(key).read_bytes()
        except FileNotFoundError:
            return None

    def touch(self, key: str, now: float) -> None:
        """Remembers that an entry was used, for the order in which they go. A disk that refuses is no fault."""
        with suppress(OSError):
            os.utime(self.path(key), (now, now))

    def write(self, key: str, packed: bytes) -> int:
        """Writes it beside its place, then renames; returns the bytes that it takes of the disk. Not synced: a file
        that a power cut has damaged is found out by its hash."""
        path = self.path(key)
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        temporary = path.with_name(f".{key}.{secrets.token_hex(8)}{TEMPORARY_SUFFIX}")
        try:
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode_in(path.parent)), "wb") as file:
                file.write(packed)
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        return taken(len(packed))

    def remove(self, key: str) -> None:
        self.path(key).unlink(missing_ok=True)

    def describe(self, key: str) -> Stored | None:
        """An entry without its audio, unchecked; None for what is none."""
        try:
            with self.path(key).open("rb") as file:
                start = file.read(DESCRIPTION_BYTES)
                entry = described(start)
                return described(start + file.read(DESCRIPTION_BYTES * 256)) if entry is None else entry
        except FileNotFoundError:
            return None

    def scan(self, now: float) -> list[CachedFile]:
        """All entries, the one that was used longest ago first; removes what crashes have left."""
        found: list[CachedFile] = []
        for entry in self._listed():
            with suppress(FileNotFoundError):
                status = entry.stat(follow_symlinks=False)
                if not entry.name.endswith(TEMPORARY_SUFFIX):
                    found.append(CachedFile(entry.name, taken(status.st_size), status.st_mtime))
                elif now - status.st_mtime > ABANDONED_SECONDS:
                    os.unlink(entry.path)
        return sorted(found, key=lambda file: file.used)

    def _listed(self) -> Iterator[os.DirEntry[str]]:
        with suppress(FileNotFoundError), os.scandir(self.folder) as folders:
            for folder in folders:
                if folder.is_dir(follow_symlinks=False) and len(folder.name) == 2:
                    with suppress(FileNotFoundError), os.scandir(folder.path) as files:
                        yield from (file for file in files if file.is_file(follow_symlinks=False))


def taken(size: int) -> int:
    """Bytes of a disk that a file of this size takes."""
    return -(-size // BLOCK_BYTES) * BLOCK_BYTES
