"""Keys that have moved, and values with new names: the old is read as if the new stood there."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from adapters.configuration.keys import KeyPath

MOVED: Mapping[str, str] = MappingProxyType(
    {
        "tts.first_piece_seconds": "tts.first_chunk_seconds",
        "tts.piece_growth": "tts.chunk_growth",
        "logging.log_text": "privacy.texts",
    }
)
"""Old dotted name -> new one."""

_PATHS = [(tuple(old.split(".")), tuple(new.split("."))) for old, new in MOVED.items()]


def moved_path(path: KeyPath) -> KeyPath:
    """The path that holds today for one that held once, or for what is below it."""
    return next((new + path[len(old) :] for old, new in _PATHS if path[: len(old)] == old), path)


RENAMED: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "engines.instances.*.runs_in": MappingProxyType({"thread": "inline"}),
        "privacy.texts": MappingProxyType(
            {**dict.fromkeys(("true", "yes", "on", "1"), "text"), **dict.fromkeys(("false", "no", "off", "0"), "none")}
        ),
    }
)
"""Dotted name of a key, with a star for a name of the operator's, -> old value -> new one."""

_VALUES = {tuple(name.split(".")): values for name, values in RENAMED.items()}


def renamed_value(path: KeyPath, value: Any) -> Any:
    """The value that holds today for one that a key had once."""
    if not isinstance(value, str | bool):
        return value
    written = str(value).lower() if isinstance(value, bool) else value
    return next((values.get(written, value) for pattern, values in _VALUES.items() if _fits(path, pattern)), value)


def _fits(path: KeyPath, pattern: KeyPath) -> bool:
    return len(path) == len(pattern) and all(each in (name, "*") for name, each in zip(path, pattern, strict=True))
