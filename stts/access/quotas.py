"""Quotas in the units of audio, counted exactly and for good.

An account is what one subject (a key, a user, a network) may use of one unit in one day or month. The store counts in
blocks: a block is written as used before the first of it is served, and what is left of it is given back at a stop. So
most calls cost no round trip, calls that come at once never overshoot, servers on one database count together, and
a server that is killed has counted too much at worst, never too little.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import islice

from stts.access.accounts import Account, OpenQuotas
from stts.access.allowances import Allowance, Counter, Period, QuotaExceeded, Standing
from stts.access.periods import DAY_SECONDS, Windows

MOST_ACCOUNTS = 20_000
"""Accounts in memory; the block of one that is forgotten counts as used."""
MOST_LOOKED_AT = 100
"""Accounts looked at for one that may be forgotten; where all of them are in use, there may be more for a while."""
KEPT_DAYS = 62
"""Days for which counters of ended windows are kept."""


class Reservation:
    """The share of one operation. It grows while more is made than was thought, and is settled at the end."""

    def __init__(self, accounts: Sequence[tuple[Account, float]], amount: float, store: OpenQuotas) -> None:
        """`accounts`: each with its limit."""
        self._accounts = accounts
        self._store = store
        self._held = True
        self._unused = 0.0
        self.amount = amount
        for account, _ in accounts:
            account.holds += 1
        self._keep(amount)

    async def grow(self, total: float) -> bool:
        """Counts up to a total that was used. False where that is beyond some quota; it is counted all the same."""
        self._keep(max(0.0, self.amount - total))
        if (more := total - self.amount) <= 0:
            return True
        fits = await take_all(self._accounts, more, self._store) is None
        if not fits:
            for account, _ in self._accounts:
                await account.exceed(more, self._store)
        self.amount = total
        return fits

    async def settle(self, used: float) -> None:
        """Gives back what was not used, or counts what was used beyond it; once."""
        if not self._held:
            return
        self._held = False
        try:
            if used > self.amount:
                await self.grow(used)
        finally:
            self._let_go(used)

    def _let_go(self, used: float) -> None:
        """Whoever is cancelled meanwhile has used it all the same."""
        self._keep(0.0)
        for account, _ in self._accounts:
            account.holds -= 1
            if used > self.amount:
                account.exceed_later(used - self.amount)
            else:
                account.free += self.amount - used
        self.amount = used

    def _keep(self, unused: float) -> None:
        """Tells the accounts how much of it may still come back."""
        for account, _ in self._accounts:
            account.unused = max(0.0, account.unused + unused - self._unused)
        self._unused = unused


class QuotaBook:
    """All accounts of one process."""

    def __init__(
        self,
        store: OpenQuotas,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._clock = clock
        self._monotonic = monotonic
        self._now = clock()
        self._windows = Windows.of_day(0)
        """Those of the day of the last look."""
        self._accounts: OrderedDict[Counter, Account] = OrderedDict()

    async def reserve(self, allowances: Sequence[Allowance], amount: float) -> Reservation:
        """Reserves an amount of one unit in every account. Raises QuotaExceeded; nothing is reserved then."""
        accounts = [(self.account(each), each.most) for each in allowances]
        refused = await take_all(accounts, amount, self._store)
        if refused is not None:
            raise self._exceeded(allowances[refused], amount)
        return Reservation(accounts, amount, self._store)

    async def look(self, allowances: Sequence[Allowance]) -> None:
        """Asks the store how allowances stand which nobody has used here yet. Raises DatabaseAway."""
        for account in map(self.account, allowances):
            await account.look(self._store)

    def standings(self, allowances: Sequence[Allowance]) -> list[Standing]:
        """How allowances stand, as far as that is known here."""
        # Nobody is remembered for being looked at: that would make others forgotten.
        found, windows = [], self._windows_now()
        for each in allowances:
            account = self._accounts.get(_counter(each, windows))
            if account is not None and account.used is not None:
                left = max(0.0, each.most - account.spent)
                found.append(Standing(each, left, windows.ends[each.period] - self._now))
        return found

    def used_up(self, allowances: Sequence[Allowance], least: float) -> QuotaExceeded | None:
        """The first that has less left, as far as that is known here. What is only reserved may come back."""
        for each in allowances:
            account = self.account(each)
            if each.most - account.spent + account.unused < least:
                whose = each.subject.partition(":")[0]
                said = f"The quota of {each.most:g} {each.unit.words} a {each.period} of this {whose} is used up."
                return QuotaExceeded(f"{said} {self._anew(each.period)}", retry_after=self.seconds_left(each.period))
        return None

    def account(self, allowance: Allowance) -> Account:
        """The account of an allowance in the window of this moment."""
        counter = _counter(allowance, self._windows_now())
        account = self._accounts.get(counter)
        if account is None:
            if len(self._accounts) >= MOST_ACCOUNTS:
                self._forget_one()
            account = self._accounts[counter] = Account(counter, self._monotonic)
        self._accounts.move_to_end(counter)
        return account

    def _forget_one(self) -> None:
        """Forgets the account that was used longest ago, of those with nothing in hand but an unused block."""
        idle = (counter for counter, account in islice(self._accounts.items(), MOST_LOOKED_AT) if account.is_idle)
        if (counter := next(idle, None)) is not None:
            del self._accounts[counter]

    def seconds_left(self, period: Period) -> float:
        """Until the window ends."""
        return self._windows_now().ends[period] - self._time()

    def length(self, period: Period) -> int:
        """Seconds of the window of this moment."""
        return self._windows_now().lengths[period]

    async def write(self) -> None:
        """Writes what was used while the store was away. Raises DatabaseAway."""
        for account in [each for each in self._accounts.values() if each.unwritten]:
            await account.write(self._store)

    async def remove_old(self) -> None:
        """Forgets windows that ended long ago. Raises DatabaseAway."""
        last = datetime.fromtimestamp(self._time(), UTC) - timedelta(days=KEPT_DAYS)
        await (await self._store()).remove_before(last.strftime("%Y-%m-%d"))

    async def close(self) -> None:
        """Gives the rest of all blocks back. Raises DatabaseAway."""
        await self.write()
        rest = [(account.counter, -account.free) for account in self._accounts.values() if account.free > 0]
        if rest:
            await (await self._store()).add(rest)
        self._accounts.clear()

    def _exceeded(self, allowed: Allowance, amount: float) -> QuotaExceeded:
        left = max(0.0, allowed.most - self.account(allowed).spent)
        whose = allowed.subject.partition(":")[0]
        return QuotaExceeded(
            f"The quota of {allowed.most:g} {allowed.unit.words} a {allowed.period} of this {whose} does not allow it: "
            f"{math.floor(left)} are left, {math.ceil(amount)} are needed. {self._anew(allowed.period)}",
            retry_after=self.seconds_left(allowed.period),
        )

    def _anew(self, period: Period) -> str:
        end = datetime.fromtimestamp(self._windows_now().ends[period], UTC)
        return f"It begins anew at {end:%Y-%m-%d %H:%M} UTC."

    def _windows_now(self) -> Windows:
        if self._time() >= self._windows.ends[Period.DAY]:
            self._windows = Windows.of_day(int(self._now // DAY_SECONDS))
        return self._windows

    def _time(self) -> float:
        """The clock, which may be set back: a window that has ended never comes again."""
        self._now = max(self._now, self._clock())
        return self._now


async def take_all(accounts: Sequence[tuple[Account, float]], amount: float, store: OpenQuotas) -> int | None:
    """Reserves an amount in all accounts, or in none: then the place of the one that refused."""
    for account, most in accounts:
        if not account.has_at_hand(amount, most):
            break
    else:
        # The most common case: nothing is asked, so nobody takes anything meanwhile.
        for account, _ in accounts:
            account.free -= amount
        return None
    with ExitStack() as taken:
        for place, (account, most) in enumerate(accounts):
            if not await account.take(amount, most, store):
                return place
            taken.callback(_give_back, account, amount)
        taken.pop_all()
    return None


def _counter(allowance: Allowance, windows: Windows) -> Counter:
    return Counter(allowance.subject, str(allowance.unit), windows.names[allowance.period])


def _give_back(account: Account, amount: float) -> None:
    account.free += amount
