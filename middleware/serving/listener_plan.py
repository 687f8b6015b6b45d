"""The plan of the listeners beside the main one: which there are to be, and how each is opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from middleware.serving.listeners import Listener


@dataclass(frozen=True, slots=True)
class Wanted:
    """One listener as it is to be. Two that are equal need no restart."""

    dialects: tuple[str, ...]
    address: str
    """For people, where it does not listen."""
    fixed: Mapping[str, Any]
    """Settings that hold from its start."""


class Placed(Listener, Protocol):
    where: str
    """Its address for people, `127.0.0.1:5000`, or its path."""

    def close(self) -> None:
        """Gives its address back, where it never served."""
        ...


class ListenerPlan(Protocol):
    def wanted(self) -> Mapping[str, Wanted]:
        """The listeners that are to be, by name."""
        ...

    def open(self, name: str, before: Placed | None) -> Placed:
        """Takes its address, or shares it with the one that it follows. Raises CannotListen."""
        ...

    async def begin(self, name: str) -> None:
        """Does what its dialects do at a start, for one that has come later. Errors are told by itself."""
        ...
