"""Waiting for Redis by a loop that has other work: time in which our own loop is held up is not silence of Redis."""

from __future__ import annotations

import asyncio
import time
from typing import Any

LOOK_SECONDS = 0.005
"""Between two looks of the loop whether an answer came."""
STARVED_SECONDS = 1.0
"""Most by which a wait is longer for time in which the machine did not let us run."""
STEP_SECONDS = 0.1
"""Between two looks of a rest whether the machine lets us run."""
LATELY_SECONDS = 2.0
"""After so long without such time it is forgotten."""


class Patience:
    """How long Redis is waited for; it remembers how the machine has been lately. One for each connection."""

    def __init__(self) -> None:
        self._starved = 0.0
        """Seconds in which we would have run lately and were not let."""
        self._starved_at = 0.0

    async def ends(self, trip: asyncio.Future[Any], seconds: float) -> bool:
        """True once it has ended; False where it did not within a time of a loop that is not held up.

        However late the loop comes to look, a look counts as `LOOK_SECONDS`, for between two of them it has read what
        came; one that comes late counts as half of that. Time in which we neither waited nor worked is given once more:
        a machine that has no processor for us now and then has none for a Redis on it either, at other moments.
        """
        loop, looks, more = asyncio.get_running_loop(), seconds / LOOK_SECONDS, 0.0
        while looks > 0 or more < self._given(loop.time()):
            began, worked = loop.time(), time.thread_time()
            await asyncio.wait([trip], timeout=LOOK_SECONDS)
            took = loop.time() - began
            if took > 2 * LOOK_SECONDS:
                self._note(took - (time.thread_time() - worked) - 2 * LOOK_SECONDS, loop.time())
            if trip.done():
                return True
            if looks > 0:
                looks -= 1 if took < 2 * LOOK_SECONDS else 0.5
            else:
                more += took
        return False

    async def rest(self, seconds: float) -> None:
        """Sleeps about so long, and notices whether the machine lets us run meanwhile."""
        loop, until = asyncio.get_running_loop(), asyncio.get_running_loop().time() + seconds
        while (began := loop.time()) < until:
            worked = time.thread_time()
            await asyncio.sleep(STEP_SECONDS)
            took, now = loop.time() - began, loop.time()
            self._note(took - (time.thread_time() - worked) - STEP_SECONDS - LOOK_SECONDS, now)

    def _given(self, now: float) -> float:
        """Seconds that a round trip has beyond its own."""
        return self._starved if now - self._starved_at < LATELY_SECONDS else 0.0

    def _note(self, starved: float, now: float) -> None:
        if starved > 0:
            self._starved = min(STARVED_SECONDS, self._given(now) + starved)
            self._starved_at = now


async def error_of(trip: asyncio.Future[Any]) -> BaseException | None:
    """The error with which it ended, of any kind: what answers may be no Redis. One that goes on is cut off."""
    if not trip.done():
        trip.cancel()
        await asyncio.wait([trip])
    return TimeoutError() if trip.cancelled() else trip.exception()
