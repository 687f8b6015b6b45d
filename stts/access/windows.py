"""Moving windows in memory, as a storage of the `limits` library, bounded.

The library's own storage in memory walks all of its keys in threads after a hit, and forgets none that comes again.
Its strategies judge these windows as well; a request asks the windows themselves, which is a fourth of the time.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from functools import lru_cache

from limits import RateLimitItemPerMinute
from limits.aio.storage import MovingWindowSupport, Storage

from stts.access.limits import WINDOW_SECONDS, Rate

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

    def left(self, rate: Rate) -> tuple[int, float]:
        """Requests that it admits now, and seconds until the oldest that counts leaves its window."""
        now = self._clock()
        times = self._recent(_key(rate.subject, rate.most), now - WINDOW_SECONDS)
        return rate.most - len(times), (times[0] + WINDOW_SECONDS - now if times else WINDOW_SECONDS)

    def add(self, rate: Rate) -> None:
        """Counts one request, whether it admits one or not."""
        self._add(_key(rate.subject, rate.most), 1)

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        if len(self._recent(key, self._clock() - expiry)) + amount > limit:
            return False
        self._add(key, amount)
        return True

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        times = self._recent(key, self._clock() - expiry)
        return (times[0] if times else self._clock()), len(times)

    def _recent(self, key: str, oldest: float) -> deque[float]:
        """Those that came after a moment; the others are forgotten."""
        times = self._times.get(key)
        if times is None:
            return deque()
        while times and times[0] <= oldest:
            times.popleft()
        return times

    def _add(self, key: str, amount: int) -> None:
        times, now = self._times.get(key), self._clock()
        if times is None:
            times = self._times[key] = deque()
        times.extend([now] * amount)
        self._times.move_to_end(key)
        while len(self._times) > MOST_WINDOWS:
            self._times.popitem(last=False)

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


@lru_cache(maxsize=MOST_WINDOWS)
def _key(subject: str, most: int) -> str:
    """The library's key of the window."""
    return RateLimitItemPerMinute(most).key_for(subject)
