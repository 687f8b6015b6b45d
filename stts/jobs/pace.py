"""Pace of a batch: how much of it ends in a second, so that what is left can be told in time."""

from __future__ import annotations

import math

HALF_LIFE_SECONDS = 60.0
"""After so long a measurement counts half as much as one of now."""
MEASURED_SECONDS = 3.0
MEASURED_ITEMS = 3
"""Least that must have been measured before a pace is told: one of a moment would be far from the true one."""


class Pace:
    """Time is an argument. It counts all of the time in which a batch is worked on, waits for others included.

    It begins when something has ended: what ends first took the time in which an engine was loaded, too.
    """

    def __init__(self, per_second: float | None = None) -> None:
        """`per_second`: what was measured before this server took it, which counts like a minute of its own."""
        self._weight = 0.0 if per_second is None else HALF_LIFE_SECONDS
        self._sum = (per_second or 0.0) * self._weight
        self._has_begun = per_second is not None
        self._items = 0 if per_second is None else MEASURED_ITEMS

    def add(self, size: float, seconds: float, items: int) -> None:
        """So much, and so many items, have ended within these seconds, the last ones."""
        if not self._has_begun:
            self._has_begun = items > 0
            return
        self._items += items
        if seconds <= 0:
            self._sum += size
            return
        kept = math.exp2(-seconds / HALF_LIFE_SECONDS)
        self._sum = self._sum * kept + size
        self._weight = self._weight * kept + seconds

    @property
    def per_second(self) -> float | None:
        """None: too little was measured."""
        if self._weight < MEASURED_SECONDS or self._items < MEASURED_ITEMS:
            return None
        return self._sum / self._weight
