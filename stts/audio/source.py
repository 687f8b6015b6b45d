"""Protocol of the readable sources that audio is decoded from."""

from __future__ import annotations

from collections.abc import Iterator
from io import UnsupportedOperation
from typing import Protocol


class Source(Protocol):
    """A file, or the reading end of a pipe; a source that cannot seek is decoded as it arrives."""

    def read(self, size: int = -1, /) -> bytes: ...
    def seek(self, offset: int, whence: int = 0, /) -> int: ...
    def tell(self) -> int: ...
    def seekable(self) -> bool: ...


class BlockSource:
    """Blocks of bytes, as a network brings them, to one blocking reader. It cannot seek."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = memoryview(b"")
        self.bytes_read = 0

    def read(self, size: int = -1, /) -> bytes:
        """Returns at least one byte; empty at the end. Raises what the blocks raise."""
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return b""
            self._rest = memoryview(block)
        size = size if size >= 0 else len(self._rest)
        part, self._rest = self._rest[:size], self._rest[size:]
        self.bytes_read += len(part)
        return bytes(part)

    def seekable(self) -> bool:
        return False

    def seek(self, offset: int, whence: int = 0, /) -> int:
        raise UnsupportedOperation

    def tell(self) -> int:
        raise UnsupportedOperation
