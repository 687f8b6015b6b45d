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
from heapq import heapify, heappop, heappush
from itertools import accumulate

_CONTRACTION = re.compile(r"'(?:s|t|re|ve|m|ll|d)")
_RUN = re.compile(r" ?a+| ?0+| ?\.+| +")
"""Letters, numerals or other signs, with the space before them; see `_kinds`."""
MOST_REMEMBERED = 4096
"""Words whose tokens are remembered: a prompt has many of those of the one before."""
LONGEST_REMEMBERED = 64
"""Bytes of such a word: a text without spaces is one long word, which is never met again."""


def _letters() -> Mapping[str, int]:
    """The byte for which each letter of the table stands: control characters and spaces have letters of their own."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in set(plain)]
    return {chr(byte): byte for byte in plain} | {chr(0x100 + place): byte for place, byte in enumerate(others)}


Pair = tuple[int, int, int, int]
"""The number of two parts joined; where the left one begins, where the right one does, and where that ends."""


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
        return b"".join(map(self.piece, tokens)).decode(errors="replace")

    def piece(self, token: int) -> bytes:
        """The bytes of a token; empty for numbers without a piece."""
        return self._piece(token) if 0 <= token < len(self) else b""

    def tokens(self, text: str) -> list[int]:
        """The tokens of a text."""
        return [token for word in _words(text) for token in self._tokens(word.encode(errors="replace"))]

    def _tokens(self, word: bytes) -> tuple[int, ...]:
        return self._encoded(word) if len(word) <= LONGEST_REMEMBERED else self._joined(word)

    def _joined(self, word: bytes) -> tuple[int, ...]:
        """The tokens of a word: its bytes, of which the pair that makes the lowest number is joined again and again.

        A part stands where it begins, and `ends` tells where it ends. A join makes two new pairs, and leaves those
        that its parts were in before in the heap: they are known by an end that is not their right part's any more.
        """
        ends = list(range(1, len(word) + 1))
        befores = list(range(-1, len(word) - 1))
        pairs = [pair for place in range(len(word) - 1) if (pair := self._pair(word, place, place + 1, place + 2))]
        heapify(pairs)
        while pairs:
            _, place, middle, end = heappop(pairs)
            if ends[place] != middle or ends[middle] != end:
                continue
            ends[place], ends[middle] = end, 0
            if end < len(word):
                befores[end] = place
                self._push(pairs, word, place, end, ends[end])
            if place:
                self._push(pairs, word, befores[place], place, end)
        starts = [place for place, end in enumerate(ends) if end]
        parts = (word[place : ends[place]] for place in starts)
        return tuple(number for part in parts if (number := self._number(part)) is not None)

    def _push(self, pairs: list[Pair], word: bytes, place: int, middle: int, end: int) -> None:
        if (pair := self._pair(word, place, middle, end)) is not None:
            heappush(pairs, pair)

    def _pair(self, word: bytes, place: int, middle: int, end: int) -> Pair | None:
        number = self._number(word[place:end])
        return None if number is None else (number, place, middle, end)

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
