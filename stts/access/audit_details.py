"""Details of audit entries: plain JSON values, bounded, without secrets."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, fields
from enum import Enum
from itertools import islice
from typing import Any

from stts.access.keys import AccessKey
from stts.access.roles import Role

MASK = "********"
MOST_ITEMS = 100
"""Entries of a list or mapping; the others are left out."""
MOST_TEXT = 500
"""Characters of one text."""
MOST_DEPTH = 6
MOST_VALUES = 1000
"""Values in the details of one entry."""

_SECRET_NAME = re.compile(r"secret|passw|token|credential|authorization|cookie|(^|_)api_?key$", re.IGNORECASE)
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
    """The same as plain JSON values; values under names of secrets are masked, and what is too much is left out."""
    left = [MOST_VALUES]
    return {
        name: value
        for name, value in ((plain_text(str(name)), _plain(name, value, 1, left)) for name, value in details.items())
        if left[0] >= 0
    }


def _plain(name: object, value: object, depth: int, left: list[int]) -> Any:
    left[0] -= 1
    if value is not None and _SECRET_NAME.search(str(name)):
        return MASK
    if isinstance(value, Role):
        return value.label
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str) or depth >= MOST_DEPTH or left[0] <= 0:
        return plain_text(str(value))
    if isinstance(value, Mapping):
        chosen = islice(value.items(), MOST_ITEMS)
        return {plain_text(str(inner)): _plain(inner, each, depth + 1, left) for inner, each in chosen if left[0] > 0}
    if isinstance(value, list | tuple | set | frozenset):
        chosen_items = islice(sorted(value, key=str) if isinstance(value, set | frozenset) else value, MOST_ITEMS)
        return [_plain("", each, depth + 1, left) for each in chosen_items if left[0] > 0]
    return plain_text(str(value))


def key_details(key: AccessKey) -> dict[str, Any]:
    """A key as it is told in the entry of its making."""
    return {name: value for name, value in _told(key).items() if value not in (None, (), {})}


def key_changes(before: AccessKey, after: AccessKey) -> dict[str, Any]:
    """Old and new value of each member that differs."""
    old, new = _told(before), _told(after)
    return {name: {"old": old[name], "new": new[name]} for name in old if old[name] != new[name]}


def _told(key: AccessKey) -> dict[str, Any]:
    members = {each.name: getattr(key, each.name) for each in fields(key) if each.name not in _UNTOLD}
    return members | {"limits": {name: most for name, most in asdict(key.limits).items() if most is not None}}
