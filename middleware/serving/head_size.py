"""Counts the bytes of a request's head, which is bounded while it comes."""

from __future__ import annotations

from stts.errors import HeadTooLarge

HEAD_BYTES = 65_536
"""Longest address and headers of one request together, trailers too; one read beyond it may be in memory."""
HEADER_BYTES = 32
"""Counted for each header beside its text, as HTTP/2 does: very many short ones take memory, too."""


class HeadSize:
    """The head that is being read on one connection."""

    def __init__(self) -> None:
        self.told = 0
        """Bytes of addresses and headers that the parser has told of."""
        self.unparsed = 0
        """Bytes read since the parser last told of anything: it is collecting them."""

    @property
    def begun(self) -> bool:
        """True if anything of a head has been read."""
        return bool(self.told or self.unparsed)

    @property
    def is_too_large(self) -> bool:
        return self.told > HEAD_BYTES

    @property
    def collects_too_much(self) -> bool:
        """True if the parser holds more than a head may have."""
        return self.unparsed > HEAD_BYTES

    def begin(self) -> None:
        """A request begins."""
        self.told = 0

    def read(self, data: bytes) -> None:
        """These bytes go to the parser."""
        self.unparsed += len(data)

    def tell(self, size: int) -> bool:
        """The parser has told of so many bytes of the head. False where that is too much."""
        self.unparsed = 0
        self.told += size
        return self.told <= HEAD_BYTES


def too_large() -> HeadTooLarge:
    return HeadTooLarge(f"The address and headers of a request have at most {HEAD_BYTES} bytes.")
