"""Accounts of quotas in memory: the rest of a claimed block, and what was used while the store was away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from stts.access.allowances import Counter, QuotaStore
from stts.errors import DatabaseAway

BLOCKS = 50
"""Parts of a quota that are claimed one by one."""
LARGEST_BLOCK = 5000.0
"""Characters or seconds, so that a large quota is not held up by a few servers."""
REFUSED_SECONDS = 1.0
"""After a refusal the store is not asked again for so long: a caller in a loop costs the others nothing."""

OpenQuotas = Callable[[], Awaitable[QuotaStore]]
"""Opens the store where that has not happened yet. Raises DatabaseAway."""


class Account:
    """One counter of the store, as one process sees it."""

    def __init__(self, counter: Counter, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.counter = counter
        self.used: float | None = None
        """By the store, when it was asked last; the block in hand is a part of it. None: it was never asked."""
        self.free = 0.0
        """The rest of the block."""
        self.unwritten = 0.0
        """Used while the store was away."""
        self.holds = 0
        """Reservations that are not settled, or that are being made."""
        self.unused = 0.0
        """The part of these that nobody has used so far, and that may come back."""
        self._monotonic = monotonic
        self._refused: tuple[float, float] | None = None
        """When the store refused last, and what."""
        self.lock = asyncio.Lock()
        """Held by whoever asks the store."""

    @property
    def spent(self) -> float:
        """Used and reserved, as far as is known here."""
        return (self.used or 0.0) - self.free + self.unwritten

    @property
    def is_idle(self) -> bool:
        """True if nothing but an unused block is lost with it."""
        return self.holds == 0 and self.unwritten == 0.0

    async def look(self, store: OpenQuotas) -> None:
        """Asks the store how much is used, once. Raises DatabaseAway."""
        if self.used is None:
            used = (await (await store()).used([self.counter])).get(self.counter, 0.0)
            self.used = used if self.used is None else self.used

    def has_at_hand(self, amount: float, most: float) -> bool:
        """True if an amount can be taken from the block in hand, and nobody waits for the store."""
        free = self.free
        # What is used and reserved, as `spent` has it.
        has_room = free >= amount and (self.used or 0.0) - free + self.unwritten + amount <= most
        return has_room and not self.lock.locked() and (self._refused is None or not self._was_just_refused(amount))

    async def take(self, amount: float, most: float, store: OpenQuotas) -> bool:
        """True if an amount could be reserved within a limit."""
        async with self.lock:
            if self._was_just_refused(amount):
                return False
            if self.free < amount:
                return await self._claim(amount, most, store)
            if self.spent + amount > most and not await self._fits_anew(amount, most, store):
                return False
            self.free -= amount
            return True

    async def exceed(self, amount: float, store: OpenQuotas) -> None:
        """Counts what was used beyond the limit."""
        async with self.lock:
            missing = amount - self._take_free(amount)
            if missing == 0.0:
                return
            try:
                await (await store()).add([(self.counter, missing)])
            except (DatabaseAway, asyncio.CancelledError) as error:
                self.unwritten += missing
                if isinstance(error, asyncio.CancelledError):
                    raise
            else:
                self.used = (self.used or 0.0) + missing

    def exceed_later(self, amount: float) -> None:
        """As `exceed`, for whoever cannot wait: it is written within seconds."""
        self.unwritten += amount - self._take_free(amount)

    async def write(self, store: OpenQuotas) -> None:
        """Writes what was used while the store was away. Raises DatabaseAway."""
        async with self.lock:
            if amount := self.unwritten:
                await (await store()).add([(self.counter, amount)])
                self.unwritten -= amount
                self.used = (self.used or 0.0) + amount

    async def _claim(self, amount: float, most: float, store: OpenQuotas) -> bool:
        """Claims a block, and with it what was used while the store was away, so that this is not granted twice."""
        late, missing = self.unwritten, amount - self.free
        block = min(max(missing, most / BLOCKS), max(missing, LARGEST_BLOCK))
        try:
            claim = await (await store()).claim(self.counter, missing + late, block + late, most)
        except DatabaseAway:
            if self.spent + amount > most:
                return False
            self._take_free(amount)
            self.unwritten += missing
            return True
        self.used = claim.used
        if claim.granted == 0.0:
            self._refused = (self._monotonic(), amount)
            return False
        self.unwritten -= late
        self.free += claim.granted - late - amount
        return True

    async def _fits_anew(self, amount: float, most: float, store: OpenQuotas) -> bool:
        """Asks how much is used: the limit was lowered since the block was claimed, or others gave back."""
        try:
            self.used = (await (await store()).used([self.counter])).get(self.counter, 0.0)
        except DatabaseAway:
            return False
        if self.spent + amount <= most:
            return True
        self._refused = (self._monotonic(), amount)
        return False

    def return_block(self, amount: float) -> None:
        """Notes that a part of the block in hand is not used, as the store is told; below zero: that it was not."""
        self.free -= amount
        self.used = (self.used or 0.0) - amount

    def _take_free(self, amount: float) -> float:
        taken = min(self.free, amount)
        self.free -= taken
        return taken

    def _was_just_refused(self, amount: float) -> bool:
        if self._refused is None:
            return False
        at, refused = self._refused
        return amount >= refused and self._monotonic() - at < REFUSED_SECONDS
