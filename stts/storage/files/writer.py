"""A file on its way into the store. It appears there only when it is complete."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from stts.errors import PayloadTooLarge
from stts.storage.files.failures import translated_disk_errors
from stts.storage.files.records import StoredFile


class Writer:
    """A context: what was not committed when it ends is gone. Blocking; used by one thread at a time.

    with store.create("uploads", "call.wav") as writer:
        writer.write(data)
        stored = writer.commit()
    """

    def __init__(
        self,
        id: str,
        temporary: Path,
        *,
        max_bytes: int,
        reserve: Callable[[int], None],
        finish: Callable[[], StoredFile],
        book: Callable[[int, bool], None],
    ) -> None:
        self.id = id
        """The id that the file will have."""
        self.size = 0
        """Bytes written."""
        self._temporary = temporary
        self._max_bytes = max_bytes
        self._reserve = reserve
        self._finish = finish
        self._book = book
        with translated_disk_errors():
            self._file = temporary.open("xb")

    def write(self, data: bytes) -> None:
        """Raises PayloadTooLarge past storage.file_bytes, StorageFull past the quota of the kind or on a full disk,
        StorageFailed on one that cannot be written."""
        if self.size + len(data) > self._max_bytes:
            raise PayloadTooLarge(f"A stored file may be at most {self._max_bytes} bytes.", param="file")
        self._reserve(len(data))
        self.size += len(data)
        with translated_disk_errors():
            self._file.write(data)

    def replace_start(self, data: bytes) -> None:
        """Overwrites the first bytes, as for a header that can be known only at the end."""
        with translated_disk_errors():
            self._file.seek(0)
            self._file.write(data)
            self._file.seek(0, os.SEEK_END)

    def commit(self) -> StoredFile:
        """Checks the content and puts the file into the store. Raises what the store says is wrong with it."""
        with translated_disk_errors():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            stored = self._finish()
        self._book(self.size, True)
        self.size = 0
        return stored

    def abort(self) -> None:
        """Discards what was not committed; may be called again."""
        try:
            # Closing tries again what a failed disk has refused.
            with suppress(OSError):
                self._file.close()
            self._temporary.unlink(missing_ok=True)
        finally:
            self._book(self.size, False)
            self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()
