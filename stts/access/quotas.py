"""Quotas in the units of audio, counted exactly and for good.

An account is what one subject (a key, a user, a network) may use of one unit in one day or month. The store counts in
blocks: a block is written as used before the first of it is served, and what is left of it is given back at a stop. So
most calls cost no round trip, calls that come at once never overshoot, servers on one database count together, and
a server that is killed has counted too much at worst, never too little.
"""

from __future__ import annotations

import asyncio
import calendar
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

from stts.access.allowances import Allowance, Counter, Period, QuotaExceeded, QuotaStore, Standing
from stts.errors import DatabaseAway

BLOCKS = 50
"""Parts of a quota that are claimed one by one."""
LARGEST_BLOCK = 5000.0
"""Characters or seconds, so that a large quota is not held up by a few servers."""
MOST_ACCOUNTS = 20_000
"""Accounts in memory; the block of one that is forgotten counts as used."""


class Account:
    """The rest of a claimed block, and the amount that the store knows."""

    def __init__(self, allowance: Allowance, counter: Counter) -> None:
        self.allowance = allowance
        self.counter = counter
        self.lock = asyncio.Lock()
        self.free = 0.0
        self.used = 0.0
        """By the store, when it was asked last; the block in hand is a part of it."""
        self._is_known = False
        self.unwritten = 0.0
        """Used while the store was away."""

    @property
    def left(self) -> float:
        """How much may still be used, as far as is known."""
        return max(0.0, self.allowance.most - self.used - self.unwritten + self.free)

    async def look(self, store: Callable[[], Awaitable[QuotaStore]]) -> None:
        """Asks the store how much is used, once. Raises DatabaseAway."""
        async with self.lock:
            if not self._is_known:
                self.used = (await (await store()).claim(self.counter, 0.0, 0.0, self.allowance.most)).used
                self._is_known = True

    async def take(self, amount: float, store: Callable[[], Awaitable[QuotaStore]]) -> bool:
        """True if an amount could be reserved."""
        async with self.lock:
            if self.free >= amount:
                self.free -= amount
                return True
            missing, most = amount - self.free, self.allowance.most
            block = min(max(missing, most / BLOCKS), max(missing, LARGEST_BLOCK))
            try:
                claim = await (await store()).claim(self.counter, missing, block, most)
            except DatabaseAway:
                return self._take_unwritten(missing)
            self.used, self._is_known = claim.used, True
            if claim.granted <= 0.0 < missing:
                return False
            self.free += claim.granted - amount
            return True

    async def exceed(self, amount: float, store: Callable[[], Awaitable[QuotaStore]]) -> None:
        """Counts what was used beyond the limit."""
        async with self.lock:
            missing, self.free = max(0.0, amount - self.free), max(0.0, self.free - amount)
            if missing == 0.0:
                return
            try:
                await (await store()).add([(self.counter, missing)])
            except DatabaseAway:
                self.unwritten += missing
            else:
                self.used += missing

    def _take_unwritten(self, missing: float) -> bool:
        """The store is away: what is used meanwhile is written later."""
        if self.used + self.unwritten + missing > self.allowance.most:
            return False
        self.unwritten += missing
        self.free = 0.0
        return True


class Reservation:
    """The share of one operation. It grows while more is made than was thought, and is settled at the end."""

    def __init__(self, accounts: Sequence[Account], amount: float, store: Callable[[], Awaitable[QuotaStore]]) -> None:
        self._accounts = accounts
        self._store = store
        self.amount = amount

    async def grow(self, total: float) -> bool:
        """Counts up to a total. False where that is beyond some quota; it is counted all the same."""
        if (more := total - self.amount) <= 0:
            return True
        self.amount = total
        if await take_all(self._accounts, more, self._store) is None:
            return True
        for account in self._accounts:
            await account.exceed(more, self._store)
        return False

    def settle(self, used: float) -> None:
        """Gives back what was not used."""
        rest = self.amount - used
        if rest > 0:
            for account in self._accounts:
                account.free += rest
            self.amount = used


class QuotaBook:
    """All accounts of one process."""

    def __init__(self, store: Callable[[], Awaitable[QuotaStore]], clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._now = clock()
        self._accounts: OrderedDict[Counter, Account] = OrderedDict()

    async def reserve(self, allowances: Sequence[Allowance], amount: float) -> Reservation:
        """Reserves an amount of one unit in every account. Raises QuotaExceeded; nothing is reserved then."""
        accounts = [self.account(each) for each in allowances]
        refused = await take_all(accounts, amount, self._store)
        if refused is not None:
            raise self._exceeded(refused, amount)
        return Reservation(accounts, amount, self._store)

    async def standings(self, allowances: Sequence[Allowance]) -> list[Standing]:
        """How allowances stand, asked of the store where nobody has used them here yet. Raises DatabaseAway."""
        for account in map(self.account, allowances):
            await account.look(self._store)
        return self.known_standings(allowances)

    def known_standings(self, allowances: Sequence[Allowance]) -> list[Standing]:
        """The same, as far as it is known here."""
        return [Standing(each, self.account(each).left, self.seconds_left(each.period)) for each in allowances]

    def account(self, allowance: Allowance) -> Account:
        """The account of an allowance in the window of this moment."""
        counter = Counter(allowance.subject, str(allowance.unit), self._window(allowance.period))
        account = self._accounts.get(counter)
        if account is None:
            account = self._accounts[counter] = Account(allowance, counter)
            while len(self._accounts) > MOST_ACCOUNTS:
                self._accounts.popitem(last=False)
        self._accounts.move_to_end(counter)
        account.allowance = allowance  # its limit may have been changed
        return account

    def seconds_left(self, period: Period) -> float:
        """Until the window ends."""
        now = datetime.fromtimestamp(self._time(), UTC)
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        days = 1 if period is Period.DAY else calendar.monthrange(now.year, now.month)[1] - now.day + 1
        return (day + timedelta(days=days) - now).total_seconds()

    async def write(self) -> None:
        """Writes what was used while the store was away. Raises DatabaseAway."""
        waiting = [account for account in self._accounts.values() if account.unwritten]
        if not waiting:
            return
        amounts = [(account.counter, account.unwritten) for account in waiting]
        await (await self._store()).add(amounts)
        for account, (_, written) in zip(waiting, amounts, strict=True):
            account.unwritten -= written
            account.used += written

    async def close(self) -> None:
        """Gives the rest of all blocks back. Raises DatabaseAway."""
        await self.write()
        rest = [(account.counter, -account.free) for account in self._accounts.values() if account.free > 0]
        if rest:
            await (await self._store()).add(rest)
        self._accounts.clear()

    def _exceeded(self, account: Account, amount: float) -> QuotaExceeded:
        allowed, period = account.allowance, account.allowance.period
        whose = allowed.subject.partition(":")[0]
        return QuotaExceeded(
            f"The quota of {allowed.most:g} {allowed.unit.words} a {period} of this {whose} does not allow it: "
            f"{math.floor(account.left)} are left, {math.ceil(amount)} are needed.",
            retry_after=self.seconds_left(period),
        )

    def _window(self, period: Period) -> str:
        now = datetime.fromtimestamp(self._time(), UTC)
        return now.strftime("%Y-%m-%d" if period is Period.DAY else "%Y-%m")

    def _time(self) -> float:
        """The clock, which may be set back: a window that has ended never comes again."""
        self._now = max(self._now, self._clock())
        return self._now


async def take_all(
    accounts: Sequence[Account], amount: float, store: Callable[[], Awaitable[QuotaStore]]
) -> Account | None:
    """Reserves an amount in all accounts, or in none: then the one that refused."""
    async with AsyncExitStack() as taken:
        for account in accounts:
            if not await account.take(amount, store):
                return account
            taken.callback(_give_back, account, amount)
        taken.pop_all()
    return None


def _give_back(account: Account, amount: float) -> None:
    account.free += amount
