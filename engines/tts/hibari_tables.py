"""The tables of hibari's pronunciation, packed: they answer as dictionaries do in a tenth of the memory.

Its lexicons and its tagger are JSON objects of 260,000 entries, which as dictionaries of Python take 98 MB. Here the
JSON text stays as it is, with a hash table of where each entry begins; what is asked for is parsed then.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from array import array
from functools import lru_cache
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any

REMEMBERED = 8192
"""Answers kept of a table: the words of usual texts."""

_ENTRY = re.compile(rb'"((?:[^"\\]|\\.)*)":("(?:[^"\\]|\\.)*"|\{[^{}]*\})')
"""An entry of a JSON object whose values are strings or flat objects; braces stand in none of their strings."""


class PackedTable:
    """A mapping of strings to strings or flat objects, read from the text of a JSON object.

    Answers `get`, `in` and `len` as the dictionary of the same text does.
    """

    def __init__(self, text: bytes) -> None:
        """`text`: UTF-8, without white space between its marks, characters beyond ASCII as they are."""
        self._text = text
        starts, ends = array("I"), array("I")
        for entry in _ENTRY.finditer(text):
            starts.append(entry.start(1))
            ends.append(entry.end(1))
        self._length = len(starts)
        self._mask = (1 << (2 * len(starts)).bit_length()) - 1
        self._starts = array("I", bytes(4 * (self._mask + 1)))
        """Hash table with linear probing: where the keys begin in the text; 0 is an empty place."""
        self._fill(starts, ends)
        self.get = lru_cache(REMEMBERED)(self._find)
        """The value of a key, or None. What it returns is shared: it is never changed."""

    def __len__(self) -> int:
        return self._length

    def __contains__(self, key: str) -> bool:
        return self.get(key) is not None

    def _fill(self, starts: array[int], ends: array[int]) -> None:
        places, text, mask = self._starts, self._text, self._mask
        for start, end in zip(starts, ends, strict=True):
            place = hash(text[start:end]) & mask
            while places[place]:
                place = (place + 1) & mask
            places[place] = start

    def _find(self, key: str) -> Any:
        quoted = encode_basestring(key).encode("utf-8", "surrogatepass")
        place = hash(quoted[1:-1]) & self._mask
        entry = quoted[1:] + b":"
        while start := self._starts[place]:
            if self._text.startswith(entry, start):
                return self._value(start)
            place = (place + 1) & self._mask
        return None

    def _value(self, start: int) -> Any:
        entry = _ENTRY.match(self._text, start - 1)
        assert entry is not None
        value = json.loads(entry[2])
        # One copy of each tag in memory, however many entries have it.
        return {sys.intern(tag): each for tag, each in value.items()} if isinstance(value, dict) else value


def read_table(path: Path) -> PackedTable:
    """Reads a gzipped JSON object of strings."""
    return PackedTable(gzip.decompress(path.read_bytes()))


def read_tagger(path: Path) -> dict[str, Any]:
    """Reads the tagger's model. Its weights, most of it, stand last and are packed."""
    text = gzip.decompress(path.read_bytes())
    head, mark, weights = text.partition(b',"weights":')
    if not mark:
        raise ValueError(f"{path.name} has no weights")
    model: dict[str, Any] = json.loads(head + b"}")
    return {**model, "weights": PackedTable(weights)}
