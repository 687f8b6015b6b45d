"""The vocabulary of Moonshine's models, out of their file `tokenizer.bin`.

One entry after the other in the order of their numbers: a length in one byte (two above 127: the low seven bits, then
how many times 128), then so many bytes of UTF-8. `▁` stands for a space; `<0x41>` for a byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from stts.errors import EngineLoadFailed

_BYTE = re.compile(rb"<0x([0-9A-F]{2})>")
_SPECIAL = re.compile(rb"<[^<>]*>")
SPACE = "▁".encode()


class Vocabulary:
    def __init__(self, pieces: Sequence[bytes]) -> None:
        self.pieces = pieces
        """Bytes of each token, by its number."""

    @classmethod
    def read(cls, path: Path) -> Vocabulary:
        """Raises EngineLoadFailed for a file that is none, and OSError."""
        data = path.read_bytes()
        pieces: list[bytes] = []
        position = 0
        while position < len(data):
            length = data[position]
            position += 1
            if length > 127:
                if position >= len(data):
                    raise EngineLoadFailed(f"{path.name} is cut off.")
                length = (length & 127) + 128 * data[position]
                position += 1
            if position + length > len(data):
                raise EngineLoadFailed(f"{path.name} is cut off.")
            pieces.append(data[position : position + length])
            position += length
        return cls(pieces)

    def __len__(self) -> int:
        return len(self.pieces)

    def piece(self, token: int) -> bytes:
        """The bytes that a token stands for, in UTF-8; they may be a part of a character."""
        return self._spoken(self.pieces[token]).replace(SPACE, b" ") if 0 <= token < len(self.pieces) else b""

    def text(self, tokens: Iterable[int]) -> str:
        """The words of tokens. Numbers that the vocabulary does not have, and special ones, say nothing."""
        return b"".join(map(self.piece, tokens)).decode(errors="replace").strip()

    def _spoken(self, piece: bytes) -> bytes:
        if byte := _BYTE.fullmatch(piece):
            return bytes([int(byte[1], 16)])
        return b"" if _SPECIAL.fullmatch(piece) else piece
