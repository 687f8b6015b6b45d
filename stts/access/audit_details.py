"""Details of audit entries: plain JSON values, bounded, without secrets."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from enum import Enum
from itertools import islice
from typing import Any

from stts.access.keys import AccessKey, KeyLimits
from stts.access.roles import Role

MASK = "********"
MOST_ITEMS = 100
"""Entries of a list or mapping; the others are left out."""
MOST_TEXT = 500
"""Characters of one text."""
MOST_DEPTH = 6
MOST_CHARACTERS = 16_000
"""Characters of the details of one entry, about."""
VALUE_CHARACTERS = 8
"""The share of a value besides its text."""
LEFT_OUT = "left_out"
"""Name that says that not all details are there."""

_SECRET_NAME = re.compile(
    r"(^|[._-])(secrets?|passw\w*|passphrase|token|api_?keys?|credentials?|authorization|cookies?)$", re.IGNORECASE
)
_KEY_TEXT = re.compile(r"(stts_[0-9a-f]{12}_)[0-9a-f]{16,}")
_UNKEEPABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
"""Characters that a database refuses, or that break a line."""
_UNTOLD = frozenset({"id", "secret_hash", "previous_hash", "created_at", "last_used_at", "version"})
"""Members of a key that are secret, or say nothing about what was wished."""


def plain_text(text: str, most: int = MOST_TEXT) -> str:
    """A text that every database keeps as it is, on one line, without the secrets of keys."""
    kept = _KEY_TEXT.sub(rf"\1{MASK}", _UNKEEPABLE.sub("?", text))
    return kept if len(kept) <= most else f"{kept[: most - 3]}..."


def plain_details(details: Mapping[str, Any]) -> dict[str, Any]:
    """The same as plain JSON values; texts under names of secrets are masked, and what is too much is left out."""
    budget = _Budget()
    plain = budget.mapping(details, 1, secret=False)
    return {**plain, LEFT_OUT: True} if budget.left <= 0 else plain


class _Budget:
    """Makes values plain until the characters of one entry are used up."""

    def __init__(self) -> None:
        self.left = MOST_CHARACTERS

    def mapping(self, value: Mapping[Any, Any], depth: int, *, secret: bool) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        for name, each in islice(value.items(), MOST_ITEMS):
            if self.left <= 0:
                break
            is_secret = secret or _SECRET_NAME.search(str(name)) is not None
            plain[self._text(str(name))] = self._value(each, depth, secret=is_secret)
        return plain

    def _list(self, value: Iterable[Any], depth: int, *, secret: bool) -> list[Any]:
        plain: list[Any] = []
        for each in islice(value, MOST_ITEMS):
            if self.left <= 0:
                break
            plain.append(self._value(each, depth, secret=secret))
        return plain

    def _value(self, value: object, depth: int, *, secret: bool) -> Any:
        self.left -= VALUE_CHARACTERS
        if isinstance(value, Role):
            return value.label
        if isinstance(value, Enum):
            value = value.value
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else str(value)
        if isinstance(value, Mapping) and depth < MOST_DEPTH:
            return self.mapping(value, depth + 1, secret=secret)
        if isinstance(value, set | frozenset):
            value = sorted(value, key=str)
        if isinstance(value, list | tuple) and depth < MOST_DEPTH:
            return self._list(value, depth + 1, secret=secret)
        return MASK if secret else self._text(str(value))

    def _text(self, text: str) -> str:
        plain = plain_text(text)
        self.left -= len(plain)
        return plain


def key_details(key: AccessKey) -> dict[str, Any]:
    """A key as it is told in the entry of its making."""
    return {name: value for name, value in _told(key).items() if value not in (None, (), {})}


def key_changes(before: AccessKey, after: AccessKey) -> dict[str, Any]:
    """Old and new value of each member that differs."""
    old, new = _told(before), _told(after)
    return {name: {"old": old[name], "new": new[name]} for name in old if old[name] != new[name]}


def _told(key: AccessKey) -> dict[str, Any]:
    members = {each.name: getattr(key, each.name) for each in fields(key) if each.name not in _UNTOLD}
    # Under a name of its own: a key whose subjects have no limits differs from one that names none.
    subjects = {} if key.subjects is None else {"limits": _set(key.subjects)}
    own = {name: _set(limits) for name, limits in key.subject_limits}
    return members | {"limits": _set(key.limits), "subjects": subjects, "subject_limits": own}


def _set(limits: KeyLimits) -> dict[str, int]:
    return {name: most for name, most in asdict(limits).items() if most is not None}
