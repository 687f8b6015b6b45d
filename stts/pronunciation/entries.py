"""Entries of a dictionary as people write them: `{"STTS": "S T T S", "Nguyen": "Win"}`, checked and in one form."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

MOST_ENTRIES = 1000
WORD_CHARACTERS = 100
SPOKEN_CHARACTERS = 200

FORM = 'must be an object of words and how each is spoken: {"STTS": "S T T S"}'
_SPACE = re.compile(r"\s+")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""Controls, line ends, halves of characters, and what is no character."""


def read_entries(value: object) -> dict[str, str]:
    """Entries of an object, or of one in JSON, as forms and queries bring it.

    Raises ValueError, which names an entry by its place: words are quoted in no error.
    """
    if isinstance(value, str):
        value = _parsed(value)
    if not isinstance(value, Mapping):
        raise ValueError(FORM)
    if len(value) > MOST_ENTRIES:
        raise ValueError(f"must have at most {MOST_ENTRIES} entries")
    entries: dict[str, str] = {}
    for number, (word, spoken) in enumerate(value.items(), start=1):
        key = _read(number, "word", word, WORD_CHARACTERS)
        if key in entries:
            raise ValueError(f"entry {number}: this word is there already")
        entries[key] = _read(number, "spoken form", spoken, SPOKEN_CHARACTERS)
    return entries


def _parsed(text: str) -> Any:
    if not text.strip():
        return {}
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(FORM) from None


def _read(number: int, part: str, value: object, most: int) -> str:
    if not isinstance(value, str):
        raise ValueError(f"entry {number}: its {part} is no text")
    # Before anything else: what follows takes time with the length.
    if len(value) > most:
        raise ValueError(f"entry {number}: its {part} is longer than {most} characters")
    if _UNSEEN.search(value):
        raise ValueError(f"entry {number}: its {part} has a control character, a line end, or what is no character")
    read = _SPACE.sub(" ", unicodedata.normalize("NFC", value)).strip()
    if not any(unicodedata.category(character)[0] in "LNS" for character in read):
        raise ValueError(f"entry {number}: its {part} has neither a letter nor a number nor a symbol")
    return read
