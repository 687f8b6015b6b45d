"""Pace of a batch: how much of it ends in a second, so that what is left can be told in time."""

from __future__ import annotations

import math

HALF_LIFE_SECONDS = 60.0
"""After so long a measurement counts half as much as one of now."""


class Pace:
    """Time is an argument. It counts all of the time in which a batch is worked on, waits for others included."""

    def __init__(self, per_second: float | None = None) -> None:
        """`per_second`: what was measured before this server took it, which counts like a minute of its own."""
        self._weight = 0.0 if per_second is None else HALF_LIFE_SECONDS
        self._sum = (per_second or 0.0) * self._weight

    def add(self, size: float, seconds: float) -> None:
        """So much has ended within these seconds, the last ones."""
        if seconds <= 0:
            self._sum += size
            return
        kept = math.exp2(-seconds / HALF_LIFE_SECONDS)
        self._sum = self._sum * kept + size
        self._weight = self._weight * kept + seconds

    @property
    def per_second(self) -> float | None:
        """None: nothing was measured."""
        return self._sum / self._weight if self._weight > 0 else None
