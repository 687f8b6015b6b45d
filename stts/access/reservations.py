"""Reservations: shares of accounts that operations have, taken before the work and settled after it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from stts.access.accounts import Account, OpenQuotas

Accounts = Sequence[tuple[Account, float]]
"""Accounts, each with its limit."""


class Reservation:
    """The share of one operation. It grows while more is made than was thought, and is settled at the end."""

    __slots__ = ("_accounts", "_held", "_store", "_unused", "amount")

    def __init__(self, accounts: Accounts, amount: float, store: OpenQuotas) -> None:
        self._accounts = accounts
        self._store = store
        self._held = True
        self._unused = self.amount = amount
        for account, _ in accounts:
            account.holds += 1
            account.unused += amount

    def has(self, total: float) -> bool:
        """True if a total that was used is no more than was reserved, and is noted; else it is to grow."""
        if total > self.amount:
            return False
        self._keep(self.amount - total)
        return True

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

    def settle_at_hand(self, used: float) -> bool:
        """As `settle`, where nobody needs to be asked; else False, and nothing was done."""
        if used > self.amount:
            return False
        if self._held:
            self._held = False
            self._let_go(used)
        return True

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
        rest = self.amount - used
        for account, _ in self._accounts:
            account.holds -= 1
            if rest < 0.0:
                account.exceed_later(-rest)
            else:
                account.free += rest
        self.amount = used

    def _keep(self, unused: float) -> None:
        """Tells the accounts how much of it may still come back."""
        more = unused - self._unused
        if more == 0.0:
            return
        for account, _ in self._accounts:
            left = account.unused + more
            account.unused = left if left > 0.0 else 0.0
        self._unused = unused


def take_at_hand(accounts: Accounts, amount: float) -> bool:
    """Reserves an amount in all accounts where it is at hand, which is the most common case; False: in none.

    Nobody is asked, so nobody takes anything meanwhile.
    """
    for account, most in accounts:
        if not account.has_at_hand(amount, most):
            return False
    for account, _ in accounts:
        account.free -= amount
    return True


async def take_all(accounts: Accounts, amount: float, store: OpenQuotas) -> int | None:
    """Reserves an amount in all accounts, or in none: then the place of the one that refused."""
    if take_at_hand(accounts, amount):
        return None
    with ExitStack() as taken:
        for place, (account, most) in enumerate(accounts):
            if not await account.take(amount, most, store):
                return place
            taken.callback(_give_back, account, amount)
        taken.pop_all()
    return None


def _give_back(account: Account, amount: float) -> None:
    account.free += amount
