"""Memory for answers in the making."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Room:
    """Memory that fills take together, until the last reader of each has gone."""

    most: int
    """Bytes beyond which what comes is not kept."""
    used: int = 0
    """Bytes that they have, or are expected to have."""

    def has(self, more: int = 0) -> bool:
        """True where so many bytes more are within the bound."""
        return self.used + more <= self.most


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of one fill may be kept."""

    most_bytes: int
    expected_bytes: int
    """Room that it takes from the beginning."""
    room: Room
