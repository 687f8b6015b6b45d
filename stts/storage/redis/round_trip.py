"""Waiting for Redis by a loop that has other work: time in which our own loop is held up is not silence of Redis."""

from __future__ import annotations

import asyncio
from typing import Any

LOOK_SECONDS = 0.005
"""Between two looks of the loop whether an answer came."""


async def ends(trip: asyncio.Future[Any], seconds: float) -> bool:
    """True once it has ended; False where it did not within a time of a loop that is not held up.

    However late the loop comes to look, a look counts as `LOOK_SECONDS`, for between two of them it has read what came;
    one that comes late counts as half of that, for where we are held up Redis on the same machine may be, too.
    """
    loop, looks = asyncio.get_running_loop(), seconds / LOOK_SECONDS
    while looks > 0:
        began = loop.time()
        await asyncio.wait([trip], timeout=LOOK_SECONDS)
        if trip.done():
            return True
        looks -= 1 if loop.time() - began < 2 * LOOK_SECONDS else 0.5
    return False


async def error_of(trip: asyncio.Future[Any]) -> BaseException | None:
    """The error with which it ended, of any kind: what answers may be no Redis. One that goes on is cut off."""
    if not trip.done():
        trip.cancel()
        await asyncio.wait([trip])
    return TimeoutError() if trip.cancelled() else trip.exception()
