"""Keys that have moved: what stands at the old path is read as if it stood at the new one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from adapters.configuration.keys import KeyPath

MOVED: Mapping[str, str] = MappingProxyType(
    {
        "tts.first_piece_seconds": "tts.first_chunk_seconds",
        "tts.piece_growth": "tts.chunk_growth",
    }
)
"""Old dotted name -> new one."""

_PATHS = [(tuple(old.split(".")), tuple(new.split("."))) for old, new in MOVED.items()]


def moved_path(path: KeyPath) -> KeyPath:
    """The path that holds today for one that held once, or for what is below it."""
    return next((new + path[len(old) :] for old, new in _PATHS if path[: len(old)] == old), path)
