"""One recording that several attempts read: each by a reader of its own, one given up and the next at the same time."""

from __future__ import annotations

import io
import threading
from dataclasses import replace
from typing import BinaryIO, cast

from stts.transcription import AudioData


class Readers:
    """Makes readers of a seekable file; nobody else reads it meanwhile."""

    def __init__(self, audio: AudioData) -> None:
        self._audio = audio
        self._lock = threading.Lock()

    def open(self) -> AudioData:
        """The whole recording, from its beginning. Nothing needs to be closed."""
        return replace(self._audio, file=cast(BinaryIO, _Reader(self._audio.file, self._lock)))


class _Reader(io.RawIOBase):
    """A position of its own in a file that others read, too."""

    def __init__(self, file: BinaryIO, lock: threading.Lock) -> None:
        self._file = file
        self._lock = lock
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        with self._lock:
            self._file.seek(self._position)
            data = self._file.read(-1 if size is None else size)
            self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Raises OSError and ValueError as the file itself does."""
        with self._lock:
            if whence == io.SEEK_CUR:
                offset, whence = offset + self._position, io.SEEK_SET
            self._position = self._file.seek(offset, whence)
        return self._position

    def tell(self) -> int:
        return self._position
