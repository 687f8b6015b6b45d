"""Translates disk errors (OSError) into errors for clients: StorageFull, StorageFailed, InvalidRequest."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from stts.errors import InvalidRequest, StorageFailed, StorageFull, STTSError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
UNWRITABLE = frozenset({errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM})
UNNAMEABLE = frozenset({errno.EINVAL, errno.EILSEQ, errno.ENAMETOOLONG})
"""errno values of a rename to a name that the file system does not allow."""


def is_full(error: OSError) -> bool:
    """True for a full disk; also if no temporary folder is usable: Python tries each by writing to it."""
    return error.errno in FULL or str(error.strerror).startswith("No usable temporary directory")


def disk_error(error: OSError) -> STTSError | None:
    """The error for clients; None for an error that says nothing about the disk."""
    if is_full(error):
        return StorageFull("The disk of the server is full.")
    if error.errno in UNWRITABLE:
        return StorageFailed(f"The disk of the server cannot be written ({error.strerror}).")
    return None


@contextmanager
def translated_disk_errors() -> Iterator[None]:
    """Raises StorageFull and StorageFailed for what the operating system says of a disk."""
    try:
        yield
    except OSError as error:
        if (translated := disk_error(error)) is None:
            raise
        raise translated from error


@contextmanager
def translated_name_errors() -> Iterator[None]:
    """Raises InvalidRequest for a name that the file system does not know."""
    try:
        yield
    except OSError as error:
        if error.errno not in UNNAMEABLE:
            raise
        raise InvalidRequest("The file system of the server knows no such name.", param="name") from error
