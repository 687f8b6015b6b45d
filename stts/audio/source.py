"""Protocol of the readable sources that audio is decoded from."""

from __future__ import annotations

from typing import Protocol


class Source(Protocol):
    """A file, or the reading end of a pipe; a source that cannot seek is decoded as it arrives."""

    def read(self, size: int = -1, /) -> bytes: ...
    def seek(self, offset: int, whence: int = 0, /) -> int: ...
    def tell(self) -> int: ...
    def seekable(self) -> bool: ...
