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
from datetime import UTC, datetime, timedelta
from itertools import islice

from stts.access.accounts import Account, OpenQuotas
from stts.access.allowances import Allowance, Counter, Period, QuotaExceeded, Standing, Unit
from stts.access.leaving_accounts import LeavingAccounts
from stts.access.periods import DAY_SECONDS, Windows
from stts.access.reservations import Accounts, Reservation, take_all, take_at_hand

MOST_ACCOUNTS = 20_000
"""Accounts in memory: those of some 3,300 subjects whose use is told. One that is forgotten is asked for anew."""
MOST_FOUND = 20_000
"""Callers whose accounts are remembered as they were found, which takes longer than to count."""
MOST_LOOKED_AT = 100
"""Accounts looked at for one that may be forgotten; where all of them are in use, there may be more for a while."""
KEPT_DAYS = 62
"""Days for which counters of ended windows are kept."""


Used = tuple[Unit, Period]
"""One of the sums of a subject."""


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
        self._leaving = LeavingAccounts()
        self._found: dict[int, tuple[Sequence[Allowance], Windows, Accounts]] = {}
        """By the identity of the allowances, which are kept so that nobody else has it."""

    def at_hand(self, allowances: Sequence[Allowance], amount: float) -> Reservation | None:
        """As `reserve`, where all of it is at hand; else None, and nothing is reserved."""
        accounts = self._found_for(allowances)
        return Reservation(accounts, amount, self._store) if take_at_hand(accounts, amount) else None

    async def reserve(self, allowances: Sequence[Allowance], amount: float) -> Reservation:
        """Reserves an amount of one unit in every account. Raises QuotaExceeded; nothing is reserved then."""
        accounts = self._found_for(allowances)
        for account, _ in accounts:
            # It is not forgotten while the store is asked: what is counted would be on nobody's account.
            account.holds += 1
        try:
            refused = await take_all(accounts, amount, self._store)
        finally:
            for account, _ in accounts:
                account.holds -= 1
        if refused is not None:
            raise self._exceeded(allowances[refused], amount)
        return Reservation(accounts, amount, self._store)

    async def look(self, allowances: Sequence[Allowance]) -> None:
        """Asks the store how allowances stand which nobody has used here yet. Raises DatabaseAway."""
        for account in map(self.account, allowances):
            await account.look(self._store)

    def standings(self, allowances: Sequence[Allowance]) -> list[Standing]:
        """How allowances stand, as far as that is known here."""
        windows, found = self._windows_now(), []
        for each, account in zip(allowances, self._known(allowances, windows), strict=True):
            if account is not None and account.used is not None:
                left = each.most - account.used + account.free - account.unwritten
                found.append(Standing(each, left if left > 0.0 else 0.0, windows.ends[each.period] - self._now))
        return found

    async def of_subjects(self, key_id: str, unit: Unit, period: Period, most: int) -> dict[str, dict[Used, float]]:
        """The use of those subjects of a key who used most of a unit in a period. Raises DatabaseAway.

        What is written as used ahead is not counted, as far as it is this server's.
        """
        windows, prefix, store = self._windows_now(), f"subject:{key_id}:", await self._store()
        window, periods = windows.names[period], {name: each for each, name in windows.names.items()}
        # Those in memory have a block written as used, and may stand in the store before others who used more.
        blocks = sum(each.unit == unit and each.window == window for each in self._accounts)
        largest = await store.largest(prefix, str(unit), window, most + blocks)
        exact = {name: self._spent(Counter(name, str(unit), window), used) for name, used in largest.items()}
        names = sorted(exact, key=lambda name: (-exact[name], name))[:most]
        found: dict[str, dict[Used, float]] = {name.removeprefix(prefix): {} for name in names}
        for counter, used in (await store.sums(names, list(periods))).items():
            sums = found[counter.subject.removeprefix(prefix)]
            sums[Unit(counter.unit), periods[counter.window]] = self._spent(counter, used)
        return found

    def _spent(self, counter: Counter, used: float) -> float:
        """Used, by what the store says of it, without the rest of the block in hand."""
        account = self._accounts.get(counter)
        return used if account is None else max(0.0, used - account.free + account.unwritten)

    def _known(self, allowances: Sequence[Allowance], windows: Windows) -> Sequence[Account | None]:
        """The accounts that there are: nobody is remembered for being looked at, that would make others forgotten."""
        found = self._found.get(id(allowances))
        if found is not None and found[1] is windows:
            return [account for account, _ in found[2]]
        known = [self._accounts.get(_counter(each, windows)) for each in allowances]
        if all(known):
            self._remember(
                allowances,
                windows,
                [(account, each.most) for account, each in zip(known, allowances, strict=True) if account is not None],
            )
        return known

    def _found_for(self, allowances: Sequence[Allowance]) -> Accounts:
        """Their accounts in the windows of this moment, each with its limit."""
        windows = self._windows_now()
        found = self._found.get(id(allowances))
        if found is not None and found[1] is windows:
            return found[2]
        accounts = [(self.account(each), each.most) for each in allowances]
        self._remember(allowances, windows, accounts)
        return accounts

    def _remember(self, allowances: Sequence[Allowance], windows: Windows, accounts: Accounts) -> None:
        # A list may become another one.
        if isinstance(allowances, tuple):
            if len(self._found) >= MOST_FOUND:
                self._found.clear()
            self._found[id(allowances)] = (allowances, windows, accounts)

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
            account = self._leaving.take_back(counter) or Account(counter, self._monotonic)
            self._accounts[counter] = account
        self._accounts.move_to_end(counter)
        return account

    def _forget_one(self) -> None:
        """Forgets the account that was used longest ago, of those with nothing in hand but an unused block."""
        idle = (account for account in islice(self._accounts.values(), MOST_LOOKED_AT) if account.is_idle)
        if (account := next(idle, None)) is not None:
            del self._accounts[account.counter]
            self._leaving.put(account)
            self._found.clear()

    def seconds_left(self, period: Period) -> float:
        """Until the window ends."""
        return self._windows_now().ends[period] - self._time()

    def length(self, period: Period) -> int:
        """Seconds of the window of this moment."""
        return self._windows_now().lengths[period]

    async def write(self) -> None:
        """Writes what was used while the store was away, and what forgotten accounts give back. Raises DatabaseAway."""
        for account in [each for each in self._accounts.values() if each.unwritten]:
            await account.write(self._store)
        await self._leaving.give_back(self._store)

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
        self._found.clear()

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


def _counter(allowance: Allowance, windows: Windows) -> Counter:
    return Counter(allowance.subject, str(allowance.unit), windows.names[allowance.period])
