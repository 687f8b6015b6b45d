"""How long an engine is waited for: its right to work ends when nothing comes of it for too long.

A result renews it, and so does a step of a load. Only the time that somebody waits for the engine counts: one that is
ahead of a slow reader has done what it was asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from stts.settings import LimitSettings

T = TypeVar("T")


class Lease:
    """The time limits of one call or load."""

    def __init__(self, first_seconds: float, next_seconds: float, total_seconds: float) -> None:
        """Seconds until the first result, between results, and for all of them together."""
        self._seconds = first_seconds
        self._next_seconds = next_seconds
        self._left = total_seconds

    async def within(self, wait: Callable[[float], Awaitable[T]]) -> T:
        """The result of `wait(seconds)`, which raises TimeoutError after so many seconds without any progress."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        result = await wait(min(self._seconds, self._left))
        self._left -= loop.time() - started
        self._seconds = self._next_seconds
        if self._left <= 0:
            raise TimeoutError
        return result

    def exceeded(self) -> str:
        """Names the fault of an engine whose time is over, for a message."""
        return "worked on one call for too long" if self._left < self._seconds else "said nothing for too long"


def call_lease(limits: LimitSettings, timeout_seconds: float | None = None) -> Lease:
    """The lease of a call; with `timeout_seconds` of a short one, whose only result comes within that."""
    first = limits.first_seconds if timeout_seconds is None else min(timeout_seconds, limits.first_seconds)
    return Lease(first, limits.call_seconds, limits.total_seconds)


def load_lease(limits: LimitSettings) -> Lease:
    """The lease of a load or an unload. Each step of a load begins it anew, so it has no total."""
    return Lease(limits.load_seconds, limits.load_seconds, float("inf"))
