"""Atomic files: a crash at any moment leaves the old file, or none, or the new one, never a part."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stts.storage.private import mode_in

TEMPORARY_SUFFIX = ".tmp"


def replace_file(path: Path, data: bytes) -> None:
    """Writes beside the file, then renames over it. Keeps its permissions and owner; raises OSError, changing nothing.

    A link is followed: what it points to is replaced.
    """
    target = path.resolve()
    with _written_beside(target, data) as temporary:
        temporary.replace(target)


def create_file(path: Path, data: bytes) -> None:
    """Makes a file that nobody sees incomplete. Raises FileExistsError where another was faster, and OSError."""
    with _written_beside(path, data) as temporary:
        # Unlike a rename, a link takes no other file's place.
        os.link(temporary, path)


@contextmanager
def _written_beside(target: Path, data: bytes) -> Iterator[Path]:
    """A complete file in the same folder, which is gone afterwards unless it got another name."""
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}{TEMPORARY_SUFFIX}")
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode_in(target.parent)), "wb") as file:
            file.write(data)
            _keep_access(target, file.fileno())
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Syncs a folder (fsync), so that a rename in it survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _keep_access(target: Path, descriptor: int) -> None:
    try:
        old = target.stat()
    except FileNotFoundError:
        return
    new = os.fstat(descriptor)
    if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))
