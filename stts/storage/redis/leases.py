"""Places of what goes on at once, in Redis: several servers count together.

A place is leased: its holder renews the lease as long as it lives, so that the places of a server that is killed are
free again by themselves.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from stts.errors import LimitsAway
from stts.storage.redis.connection import RedisConnection
from stts.storage.redis.scripts import RELEASE, RENEW, TAKE

LEASE_SECONDS = 30.0
"""After so long the places of a server that was killed are free."""
RENEW_SECONDS = 10.0
"""Between two renewals."""
LOOK_SECONDS = 1.0
"""Between two looks whether Redis has come back, and may have forgotten all."""
LARGEST_BATCH = 500
"""Places renewed, or holders ended, by one call."""
MOST_UNHEARD = 10_000
"""Holders whose end Redis has not heard of; the oldest are forgotten first, and end with their lease."""
LEASE_MILLISECONDS = round(LEASE_SECONDS * 1000)


class _Ended(NamedTuple):
    keys: Sequence[str]
    at: float


class RedisLeases:
    """One for the process; `run()` runs as long as the server does."""

    def __init__(self, connection: RedisConnection, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._connection = connection
        self._monotonic = monotonic
        self._held: dict[str, tuple[str, ...]] = {}
        """Keys of each holder."""
        self._unheard: dict[str, _Ended] = {}
        """Holders whose end Redis has not heard of, the oldest first."""

    async def take(self, holder: str, kind: str, places: Sequence[tuple[str, int]]) -> int | None:
        """As SharedPlaces has it, in one round trip."""
        # Places that were given back are free before one is taken.
        self.repeat()
        keys = tuple(f"stts:{kind}:{subject}" for subject, _ in places)
        is_sent = self._connection.state == "up"
        try:
            full = await self._connection.ask(TAKE, keys, [holder, LEASE_MILLISECONDS, *(most for _, most in places)])
        except BaseException:
            # It may have been taken.
            if is_sent:
                self._end({holder: _Ended(keys, self._monotonic())})
            raise
        if full:
            return int(full) - 1
        self._held[holder] = keys
        return None

    def give_back(self, holder: str) -> None:
        """Returns at once. What Redis does not hear of it is told again when it is back."""
        if keys := self._held.pop(holder, None):
            self._end({holder: _Ended(keys, self._monotonic())})

    def repeat(self) -> None:
        """Tells Redis again what it has not heard of. Returns at once."""
        if self._unheard and self._connection.state == "up":
            unheard, self._unheard = list(self._unheard.items()), {}
            for start in range(0, len(unheard), LARGEST_BATCH):
                self._end(dict(unheard[start : start + LARGEST_BATCH]))

    def _end(self, ended: Mapping[str, _Ended]) -> None:
        pairs = [(key, holder) for holder, each in ended.items() for key in each.keys]
        keys, holders = zip(*pairs, strict=True)
        self._connection.tell(RELEASE, keys, holders, lambda: self._remember(ended))

    def _remember(self, ended: Mapping[str, _Ended]) -> None:
        self._unheard.update(ended)
        since = self._monotonic() - LEASE_SECONDS
        while self._unheard:
            oldest = next(iter(self._unheard))
            if len(self._unheard) <= MOST_UNHEARD and self._unheard[oldest].at > since:
                return
            del self._unheard[oldest]

    async def run(self) -> None:
        """Renews what is held, for ever; at once where Redis has come back."""
        renewed_at, returns = self._monotonic(), self._connection.returns
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.repeat()
            if self._monotonic() - renewed_at >= RENEW_SECONDS or self._connection.returns != returns:
                renewed_at, returns = self._monotonic(), self._connection.returns
                with suppress(LimitsAway):
                    await self.renew()

    async def renew(self) -> None:
        """Renews what is held. Raises LimitsAway."""
        held = [(key, holder) for holder, keys in self._held.items() for key in keys]
        for start in range(0, len(held), LARGEST_BATCH):
            pairs = [pair for pair in held[start : start + LARGEST_BATCH] if pair[1] in self._held]
            if pairs:
                keys, holders = zip(*pairs, strict=True)
                await self._connection.call(RENEW, keys, [LEASE_MILLISECONDS, *holders])
