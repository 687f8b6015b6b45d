"""Whisper's tokens as pieces of UTF-8, and a text cut into them: byte pair encoding as GPT-2 does it.

The library `tokenizers` does the same with all of the table in objects, 11 MB of them beside 5 MB of its own; here it
is half a megabyte, because a transcript reads a few dozen of 50,000 pieces.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise

_CONTRACTION = re.compile(r"'(?:s|t|re|ve|m|ll|d)")
_RUN = re.compile(r" ?a+| ?0+| ?\.+| +")
"""Letters, numerals or other signs, with the space before them; see `_kinds`."""
MOST_REMEMBERED = 4096
"""Words whose tokens are remembered: a prompt has many of those of the one before."""


def _letters() -> Mapping[str, int]:
    """The byte for which each letter of the table stands: control characters and spaces have letters of their own."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in set(plain)]
    return {chr(byte): byte for byte in plain} | {chr(0x100 + place): byte for place, byte in enumerate(others)}


class BytePairs:
    """The pieces of a vocabulary by their numbers. Pieces of lower numbers are joined first."""

    def __init__(self, tokens: Sequence[str]) -> None:
        """`tokens` are written in the letters of byte-level vocabularies; others stand for nothing."""
        letters = _letters()
        pieces = [bytes(letters[each] for each in token if each in letters) for token in tokens]
        self._bytes = b"".join(pieces)
        self._ends = array("I", accumulate(map(len, pieces), initial=0))
        self._encoded = lru_cache(MOST_REMEMBERED)(self._joined)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def text(self, tokens: Sequence[int]) -> str:
        """The text of tokens; parts of characters become U+FFFD, and numbers without a piece nothing."""
        return b"".join(self._piece(token) for token in tokens if 0 <= token < len(self)).decode(errors="replace")

    def tokens(self, text: str) -> list[int]:
        """The tokens of a text."""
        return [token for word in _words(text) for token in self._encoded(word.encode(errors="replace"))]

    def _joined(self, word: bytes) -> tuple[int, ...]:
        """The tokens of a word: its bytes, of which the pair that makes the lowest number is joined again and again."""
        parts = [word[place : place + 1] for place in range(len(word))]
        while len(parts) > 1:
            pairs = [self._number(left + right) for left, right in pairwise(parts)]
            lowest = min((number for number in pairs if number is not None), default=None)
            if lowest is None:
                break
            place = pairs.index(lowest)
            parts[place : place + 2] = [parts[place] + parts[place + 1]]
        return tuple(number for part in parts if (number := self._number(part)) is not None)

    def _piece(self, token: int) -> bytes:
        return self._bytes[self._ends[token] : self._ends[token + 1]]

    def _number(self, piece: bytes) -> int | None:
        place = bisect_left(self._order, piece, key=self._piece)
        if place == len(self) or self._piece(found := self._order[place]) != piece:
            return None
        return found

    @cached_property
    def _order(self) -> Sequence[int]:
        """Numbers in the order of their pieces; wanted by the first text that is cut."""
        return array("I", sorted(range(len(self)), key=self._piece))


def _words(text: str) -> Iterator[str]:
    """Stretches of text within which pieces are joined."""
    kinds = "".join(map(_kind, text))
    position = 0
    while position < len(text):
        found = _CONTRACTION.match(text, position) or _RUN.match(kinds, position)
        assert found is not None, "every kind begins a run"
        yield text[position : found.end()]
        position = found.end()


def _kind(character: str) -> str:
    if character.isspace():
        return " "
    return "a" if character.isalpha() else "0" if character.isnumeric() else "."
