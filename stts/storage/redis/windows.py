"""Moving windows in Redis: several servers count requests a minute together."""

from __future__ import annotations

from collections.abc import Sequence

from stts.access.limits import WINDOW_SECONDS, Rate
from stts.access.rates import RateState
from stts.storage.redis.connection import RedisConnection
from stts.storage.redis.scripts import HIT

MICROSECONDS = 1_000_000


class RedisWindows:
    """The times of the requests of a minute, of each subject, in a list that Redis forgets a minute after the last."""

    def __init__(self, connection: RedisConnection) -> None:
        self._connection = connection

    async def hit(self, rates: Sequence[Rate]) -> list[RateState] | None:
        """As SharedWindows has it, in one round trip."""
        keys = [f"stts:rate:{rate.subject}" for rate in rates]
        length = round(WINDOW_SECONDS * MICROSECONDS)
        found = await self._connection.ask(HIT, keys, [length, *(rate.most for rate in rates)])
        if found is None:
            return None
        return [
            RateState(rate, max(0, rate.most - count), reset / MICROSECONDS)
            for rate, count, reset in zip(rates, found[::2], found[1::2], strict=True)
        ]
