"""Exponential backoff: how long to wait before retrying something that keeps failing. Pure."""

from __future__ import annotations

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 60.0


class Backoff:
    """Backoff of one resource: the first failure is retried at once; each further one in a row doubles the wait."""

    def __init__(self, *, first: float = FIRST_SECONDS, longest: float = LONGEST_SECONDS) -> None:
        self._first = first
        self._longest = longest
        self.failures = 0
        """Consecutive failures."""
        self._until = 0.0

    def failed(self, now: float) -> None:
        if self.failures > 0:
            self._until = now + min(self._first * 2.0 ** min(self.failures - 1, 30), self._longest)
        self.failures += 1

    def succeeded(self) -> None:
        self.failures = 0
        self._until = 0.0

    def wait(self, now: float) -> float:
        """Seconds until the next try; 0: now."""
        return max(self._until - now, 0.0)
