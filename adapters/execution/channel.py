"""What parent and child say to each other: pickled messages over one socket pair.

parent -> child   Call(method, arguments) ... Leave() while a call runs
child -> parent   Item(value) ... then Done() or Failed(error)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stts.errors import STTSError


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    """A method of the engine; `load` yields its progress."""
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Leave:
    """The consumer has left: stop at the next yield."""


@dataclass(frozen=True, slots=True)
class Item:
    value: Any


@dataclass(frozen=True, slots=True)
class Done:
    pass


@dataclass(frozen=True, slots=True)
class Failed:
    error: STTSError
