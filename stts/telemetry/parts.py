"""Parts of an operation: what is done in many pieces (waiting, engine, encoding) is one span from first to last.

A span for each piece would be one for each chunk of audio, of which a long text has hundreds.
"""

from __future__ import annotations

import random

from stts.telemetry import names

Value = str | bool | int | float


def new_span_id() -> int:
    return random.getrandbits(64) or 1


class Part:
    """Times are `time.perf_counter()` seconds."""

    __slots__ = ("began", "busy", "ended", "error", "inside", "name", "owner", "pieces", "span_id", "together")

    def __init__(self, name: str, owner: str, began: float, ended: float, inside: Part | None) -> None:
        """`owner`: the engine that did it; empty: none in particular. `inside`: the part that it lies in; None: the
        operation itself."""
        self.name = name
        self.owner = owner
        self.began = began
        self.ended = ended
        self.inside = inside
        self.span_id = new_span_id()
        self.busy = 0.0
        """Seconds of work in it."""
        self.pieces = 0
        self.together = 1
        """Most calls that were made at once, where pieces of it were."""
        self.error: str | None = None
        """Machine code of what a piece of it failed with."""

    def add(self, began: float, ended: float, busy: float) -> None:
        """Adds a piece."""
        self.began, self.ended = min(self.began, began), max(self.ended, ended)
        self.busy += busy
        self.pieces += 1

    def attributes(self) -> dict[str, Value]:
        told: dict[str, Value] = {}
        if self.owner:
            told[names.ENGINE_NAME] = self.owner
        if self.pieces > 1:
            told[names.PARTS] = self.pieces
        if self.together > 1:
            told[names.BATCH] = self.together
        if self.busy < self.ended - self.began:
            told[names.BUSY_SECONDS] = self.busy
        if self.error is not None:
            told[names.ERROR] = self.error
        return told
