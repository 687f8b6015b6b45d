"""Keys that have moved: what stands at the old path is read as if it stood at the new one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from adapters.configuration.keys import KeyPath
from adapters.configuration.values import placed, value_at, without

MOVED: Mapping[str, str] = MappingProxyType(
    {
        "tts.first_piece_seconds": "tts.first_chunk_seconds",
        "tts.piece_growth": "tts.chunk_growth",
    }
)
"""Old dotted name -> new one."""


def moved_path(path: KeyPath) -> KeyPath:
    """The path that holds today for one that held once, or for what is below it."""
    for old, new in _paths():
        if path[: len(old)] == old:
            return new + path[len(old) :]
    return path


def moved_values(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[KeyPath]]:
    """The values at the paths that hold today, and the old paths that were there. A new name wins over its old one."""
    result, found = dict(values), []
    for old, new in _paths():
        value = value_at(result, old)
        if value is None:
            continue
        found.append(old)
        result = without(result, old)
        if value_at(result, new) is None:
            result = placed(result, new, value)
    return result, found


def _paths() -> list[tuple[KeyPath, KeyPath]]:
    return [(tuple(old.split(".")), tuple(new.split("."))) for old, new in MOVED.items()]
