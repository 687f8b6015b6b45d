"""Moving windows in memory, as a storage of the `limits` library, bounded.

The library's own storage in memory walks all of its keys in threads after a hit, and forgets none that comes again.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable

from limits.aio.storage import MovingWindowSupport, Storage

MOST_WINDOWS = 20_000
"""Callers that are remembered; the one that came longest ago is forgotten first."""


class MovingWindows(Storage, MovingWindowSupport):
    """One for the process. Its clock is one that nobody sets: put back an hour, it would refuse for an hour."""

    STORAGE_SCHEME = ["async+stts-memory"]  # noqa: RUF012 - the library's name for it
    base_exceptions = ValueError

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        times = self._recent(key, expiry)
        if len(times) + amount > limit:
            return False
        now = self._clock()
        times.extend(now for _ in range(amount))
        self._times[key] = times
        self._times.move_to_end(key)
        while len(self._times) > MOST_WINDOWS:
            self._times.popitem(last=False)
        return True

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        times = self._recent(key, expiry)
        return (times[0] if times else self._clock()), len(times)

    def _recent(self, key: str, expiry: int) -> deque[float]:
        times, oldest = self._times.get(key, deque[float]()), self._clock() - expiry
        while times and times[0] <= oldest:
            times.popleft()
        return times

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Raises NotImplementedError: this storage counts in moving windows only."""
        raise NotImplementedError

    async def get(self, key: str) -> int:
        return len(self._times.get(key, ()))

    async def get_expiry(self, key: str) -> float:
        times = self._times.get(key)
        return times[0] if times else self._clock()

    async def check(self) -> bool:
        return True

    async def reset(self) -> int | None:
        count = len(self._times)
        self._times.clear()
        return count

    async def clear(self, key: str) -> None:
        self._times.pop(key, None)
