"""When a server that does not answer is asked again: values only, no clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 30.0
TIMES = 5
"""How often it is asked again before it is given up."""
LONGEST_TOLD = 300.0
"""Longest wait that a server may ask for: beyond it, a person decides."""


@dataclass(frozen=True, slots=True)
class Backoff:
    first: float = FIRST_SECONDS
    longest: float = LONGEST_SECONDS
    times: int = TIMES

    def seconds_before(self, attempt: int, told: float | None = None) -> float | None:
        """The wait before attempt 1, 2, ...; None: it is given up. `told`: what the server has asked for."""
        if attempt > self.times or (told is not None and told > LONGEST_TOLD):
            return None
        own: float = min(self.first * 2 ** (attempt - 1), self.longest)
        return max(own, told or 0.0)


def countdown(seconds: float) -> Iterator[tuple[float, float]]:
    """Seconds that are left, as they are shown, and how long until the next figure."""
    left = seconds
    while left > 0:
        step = left % 1.0 or 1.0
        yield left, step
        left = round(left - step, 6)
