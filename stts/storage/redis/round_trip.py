"""Waiting for Redis by a loop that has other work: time in which our own loop is held up is not silence of Redis."""

from __future__ import annotations

import asyncio
import time
from typing import Any

LOOK_SECONDS = 0.005
"""Between two looks of the loop whether an answer came."""
STARVED_SECONDS = 1.0
"""Most by which a wait is longer for time in which the machine did not let us run."""


async def ends(trip: asyncio.Future[Any], seconds: float) -> bool:
    """True once it has ended; False where it did not within a time of a loop that is not held up.

    However late the loop comes to look, a look counts as `LOOK_SECONDS`, for between two of them it has read what came;
    one that comes late counts as half of that. Time in which we neither waited nor worked is given once more: a machine
    that has no processor for us may have none for a Redis on it either, until as much later.
    """
    loop, looks = asyncio.get_running_loop(), seconds / LOOK_SECONDS
    more, most = 0.0, STARVED_SECONDS
    while looks > 0 or more > 0:
        began, worked = loop.time(), time.thread_time()
        await asyncio.wait([trip], timeout=LOOK_SECONDS)
        if trip.done():
            return True
        took = loop.time() - began
        if looks > 0:
            looks -= 1 if took < 2 * LOOK_SECONDS else 0.5
        else:
            more -= took
        starved = took - (time.thread_time() - worked) - 2 * LOOK_SECONDS
        given = min(max(0.0, starved), most)
        more, most = more + given, most - given
    return False


async def error_of(trip: asyncio.Future[Any]) -> BaseException | None:
    """The error with which it ended, of any kind: what answers may be no Redis. One that goes on is cut off."""
    if not trip.done():
        trip.cancel()
        await asyncio.wait([trip])
    return TimeoutError() if trip.cancelled() else trip.exception()
