"""Parts of an operation: what is done in many pieces (waiting, engine, encoding) is one span from first to last.

A span for each piece would be one for each chunk of audio, of which a long text has hundreds.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from stts.telemetry import names

Value = str | bool | int | float


def new_span_id() -> int:
    return random.getrandbits(64) or 1


@dataclass(slots=True)
class Part:
    """Times are `time.perf_counter()` seconds."""

    name: str
    owner: str
    """The engine that did it; empty: none in particular."""
    span_id: int
    inside: Part | None
    """The part that it lies in; None: the operation itself."""
    began: float
    ended: float
    busy: float = 0.0
    pieces: int = 0
    error: str | None = None
    """Machine code of what a piece of it failed with."""

    @property
    def failed(self) -> bool:
        return self.error is not None

    def attributes(self) -> dict[str, Value]:
        told: dict[str, Value] = {}
        if self.owner:
            told[names.ENGINE_NAME] = self.owner
        if self.pieces > 1:
            told[names.PARTS] = self.pieces
        if self.busy < self.ended - self.began:
            told[names.BUSY_SECONDS] = self.busy
        if self.error is not None:
            told[names.ERROR] = self.error
        return told


class Parts:
    """The parts of one operation, by name and owner; iterated in the order in which they began."""

    def __init__(self) -> None:
        self._parts: dict[tuple[str, str], Part] = {}

    def __iter__(self) -> Iterator[Part]:
        return iter(self._parts.values())

    def add(self, name: str, owner: str, began: float, ended: float, busy: float | None, inside: Part | None) -> Part:
        """Adds a piece; it ends no earlier than it began, and lies in the part that it is inside of."""
        if inside is not None:
            began, ended = min(max(began, inside.began), inside.ended), min(ended, inside.ended)
        ended = max(began, ended)
        part = self._parts.get((name, owner))
        if part is None:
            part = self._parts[name, owner] = Part(name, owner, new_span_id(), inside, began, ended)
        part.began, part.ended = min(part.began, began), max(part.ended, ended)
        part.busy += ended - began if busy is None else busy
        part.pieces += 1
        return part
