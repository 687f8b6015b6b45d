"""Places for items at work, of all batches of a server together: given when others are quiet, in turns among owners."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from stts.scheduling.yielding import Yielding
from stts.settings import CurrentSettings

LOOK_SECONDS = 0.05
"""Longest time between two looks whether somebody still waits for something else, and who still wants a place."""
Owner = str | None


class _Waiter:
    """Whoever waits for a place."""

    __slots__ = ("is_wanted", "promise")

    def __init__(self, is_wanted: Callable[[], bool]) -> None:
        self.is_wanted = is_wanted
        self.promise: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def tell(self, has_place: bool) -> bool:
        """False: it has left meanwhile."""
        if self.promise.done():
            return False
        self.promise.set_result(has_place)
        return True


class Place:
    """A place that was taken: `leave()` it once, or the end of its context does."""

    __slots__ = ("_on_leave",)

    def __init__(self, on_leave: Callable[[], None]) -> None:
        self._on_leave: Callable[[], None] | None = on_leave

    def leave(self) -> None:
        """Lets another have it: what is left to do needs no engine."""
        on_leave, self._on_leave = self._on_leave, None
        if on_leave is not None:
            on_leave()


class ItemPlaces:
    """One for the server, on its event loop."""

    def __init__(
        self, settings: CurrentSettings, yielding: Yielding, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._yielding = yielding
        self._clock = clock
        self._taken = 0
        self._waiting: dict[Owner, deque[_Waiter]] = {}
        """By owner; the one whose turn it is stands first."""
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def place(self, owner: Owner, is_wanted: Callable[[], bool]) -> AsyncIterator[Place | None]:
        """A place when its turn has come; None: it is not wanted any more."""
        if not await self._take(owner, is_wanted):
            yield None
            return
        place = Place(partial(self._left, self._clock()))
        try:
            yield place
        finally:
            place.leave()

    def _left(self, began: float) -> None:
        self._yielding.worked(began, self._clock(), self._settings().jobs.least_share)
        self._taken -= 1
        self._look()

    async def _take(self, owner: Owner, is_wanted: Callable[[], bool]) -> bool:
        waiter = _Waiter(is_wanted)
        self._waiting.setdefault(owner, deque()).append(waiter)
        self._look()
        try:
            return await waiter.promise
        except asyncio.CancelledError:
            if waiter.promise.done() and not waiter.promise.cancelled() and waiter.promise.result():
                self._taken -= 1
                self._look()
            raise

    def _look(self) -> None:
        """Gives places to those whose turn it is, and looks again later where somebody still waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._send_away()
        now = self._clock()
        left = self._seconds_left(now)
        while self._waiting and left <= 0 and self._taken < self._most(now):
            self._taken += self._next().tell(has_place=True)
        if self._waiting:
            seconds = min(left, LOOK_SECONDS) if left > 0 else LOOK_SECONDS
            self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _send_away(self) -> None:
        """Lets those go that want no place any more."""
        for owner, waiters in list(self._waiting.items()):
            for waiter in [each for each in waiters if each.promise.done() or not each.is_wanted()]:
                waiters.remove(waiter)
                waiter.tell(has_place=False)
            if not waiters:
                del self._waiting[owner]

    def _next(self) -> _Waiter:
        """The first of the owner whose turn it is, who goes behind all others."""
        owner = next(iter(self._waiting))
        waiters = self._waiting.pop(owner)
        waiter = waiters.popleft()
        if waiters:
            self._waiting[owner] = waiters
        return waiter

    def _most(self, now: float) -> int:
        jobs = self._settings().jobs
        return min(jobs.at_once, jobs.beside) if self._yielding.has_company(now) else jobs.at_once

    def _seconds_left(self, now: float) -> float:
        """Seconds for which others are to go first, as far as known."""
        return self._yielding.seconds_left(now, self._settings().jobs.quiet_seconds)
