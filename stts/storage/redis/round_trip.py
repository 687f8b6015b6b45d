"""Waiting for Redis by a loop that has other work: time in which our own loop is held up is not silence of Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

LOOK_SECONDS = 0.005
"""Between two looks of the loop whether an answer came."""
LEAST_LOOKS = 5
"""Looks after which a wait is over with its time, however much of that others took: each has read what came."""
STARVED_SECONDS = 0.5
"""Most by which a wait is longer for time in which the machine did not let us run."""
STEP_SECONDS = 0.1
"""Between two looks of a rest whether the machine lets us run."""
LATELY_SECONDS = 2.0
"""After so long such time is forgotten."""
RUN_DELAY = Path("/proc/thread-self/schedstat")
"""Nanoseconds of this thread: in which it ran, and in which it was ready to run and had no processor."""


def run_delay() -> float:
    """Seconds in which the calling thread was ready to run and had no processor. It knows nothing of waits for the lock
    of the interpreter. Always 0 where the system does not tell."""
    with suppress(OSError):
        return int(RUN_DELAY.read_bytes().split()[1]) / 1e9
    return 0.0


class Patience:
    """How long Redis is waited for; it remembers how the machine has been lately. One for each connection."""

    def __init__(self, run_delay: Callable[[], float] = run_delay) -> None:
        self._run_delay = run_delay
        self._seen: float | None = None
        """The run delay when it was last looked at."""
        self._lapses: list[tuple[float, float]] = []
        """Times at which we had not been let run, each with how long."""

    async def ends(self, trip: asyncio.Future[Any], seconds: float) -> bool:
        """True once it has ended; False where it did not within a time of a loop that is not held up.

        However late the loop comes to look, a look counts as `LOOK_SECONDS`, for between two of them it has read what
        came; one that comes late counts as half of that. After `LEAST_LOOKS` the time alone counts: a thread that works
        beside the loop makes each of them late, and whoever waits here waits with it. Time in which the machine did not
        let us run lately is given once more: one that has no processor for us now and then has none for a Redis on it
        either, at other moments.
        """
        loop, looks, more = asyncio.get_running_loop(), seconds / LOOK_SECONDS, 0.0
        # The last look begins in time.
        seen, until = 0, loop.time() + seconds - LOOK_SECONDS
        if self._seen is None:
            self._seen = self._run_delay()
        while looks > 0 or more < self._given(loop.time()):
            began = loop.time()
            await asyncio.wait([trip], timeout=LOOK_SECONDS)
            took = loop.time() - began
            if took > 2 * LOOK_SECONDS:
                self._note(loop.time())
            if trip.done():
                return True
            seen += 1
            if seen >= LEAST_LOOKS and looks > 0 and loop.time() >= until:
                looks = 0
            elif looks > 0:
                looks -= 1 if took < 2 * LOOK_SECONDS else 0.5
            else:
                more += took
        return False

    async def rest(self, seconds: float) -> None:
        """Sleeps about so long, and notices whether the machine lets us run meanwhile."""
        loop, until = asyncio.get_running_loop(), asyncio.get_running_loop().time() + seconds
        while loop.time() < until:
            await asyncio.sleep(STEP_SECONDS)
            self._note(loop.time())

    def _given(self, now: float) -> float:
        """Seconds that a round trip has beyond its own."""
        return min(STARVED_SECONDS, sum(lapse for at, lapse in self._lapses if now - at < LATELY_SECONDS))

    def _note(self, now: float) -> None:
        """Remembers how long we were not let run since the last look; any machine is that late now and then."""
        delay, seen = self._run_delay(), self._seen
        self._seen = delay
        self._lapses = [each for each in self._lapses if now - each[0] < LATELY_SECONDS]
        if seen is not None and delay - seen > LOOK_SECONDS:
            self._lapses.append((now, delay - seen - LOOK_SECONDS))


async def error_of(trip: asyncio.Future[Any]) -> BaseException | None:
    """The error with which it ended, of any kind: what answers may be no Redis. One that goes on is cut off."""
    if not trip.done():
        trip.cancel()
        await asyncio.wait([trip])
    return TimeoutError() if trip.cancelled() else trip.exception()
