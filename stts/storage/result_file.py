"""A result of a batch on its way: written beside the others, and put to its place when it is complete."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from stts.storage.files.failures import translated_disk_errors


class ResultFile:
    """A result on its way; one call at a time. What was not committed is gone when it is aborted."""

    def __init__(self, temporary: Path, place: Callable[[str], None]) -> None:
        """`place` puts the temporary file to its place, with an extension."""
        self._temporary = temporary
        self._place = place
        self._file: BinaryIO = temporary.open("xb")
        self.size = 0
        """Bytes."""

    def write(self, data: bytes) -> None:
        with translated_disk_errors():
            self._file.write(data)
        self.size += len(data)

    def clear(self) -> None:
        """Forgets all that was written."""
        with translated_disk_errors():
            self._file.seek(0)
            self._file.truncate()
        self.size = 0

    def commit(self, extension: str, header: bytes = b"") -> int:
        """Puts it to its place, not synced yet, and tells its bytes. `header` overwrites its first bytes."""
        with translated_disk_errors():
            if header:
                self._file.seek(0)
                self._file.write(header)
            self._file.close()
            self._place(extension)
        return self.size

    def abort(self) -> None:
        """Discards it; after a commit it does nothing."""
        # Closing tries again what a full disk has refused.
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._temporary.unlink(missing_ok=True)
