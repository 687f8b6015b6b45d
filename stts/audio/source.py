"""What audio is decoded from."""

from __future__ import annotations

from typing import Protocol


class Source(Protocol):
    """A file, or the reading end of a pipe: what cannot be sought in is decoded as it comes."""

    def read(self, size: int = -1, /) -> bytes: ...
    def seek(self, offset: int, whence: int = 0, /) -> int: ...
    def tell(self) -> int: ...
    def seekable(self) -> bool: ...
