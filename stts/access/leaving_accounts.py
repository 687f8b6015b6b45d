"""Accounts of quotas that are forgotten for those that came after them: the rest of their blocks is given back first.

Else each return of a subject would claim a new block, and the old ones count as used: with more subjects than have a
place in memory, the quotas of all would be used up by nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import AsyncExitStack
from itertools import islice

from stts.access.accounts import Account, OpenQuotas
from stts.access.allowances import Counter
from stts.errors import DatabaseAway

MOST_LEAVING = 20_000
"""While the store is away, the block of one beyond these counts as used: too much is counted, never too little."""
AT_ONCE = 200
"""Accounts whose blocks are given back in one call of the store."""


class LeavingAccounts:
    """Those of one process. Whoever asks for one meanwhile has it as it was."""

    def __init__(self) -> None:
        self._accounts: OrderedDict[Counter, Account] = OrderedDict()

    def __len__(self) -> int:
        return len(self._accounts)

    def put(self, account: Account) -> None:
        """Takes an account that is idle; one without a block is forgotten at once."""
        if account.free > 0.0:
            if len(self._accounts) >= MOST_LEAVING:
                self._accounts.popitem(last=False)
            self._accounts[account.counter] = account

    def take_back(self, counter: Counter) -> Account | None:
        """The account of a counter, which is in use again."""
        return self._accounts.pop(counter, None)

    async def give_back(self, store: OpenQuotas) -> None:
        """Gives the blocks back, and forgets the accounts. Raises DatabaseAway."""
        while self._accounts:
            accounts = list(islice(self._accounts.values(), AT_ONCE))
            await give_back(accounts, store)
            for account in accounts:
                if self._accounts.get(account.counter) is account:
                    del self._accounts[account.counter]


async def give_back(accounts: list[Account], store: OpenQuotas) -> None:
    """Gives the rests of blocks back. Who wants something of these accounts meanwhile waits. Raises DatabaseAway."""
    async with AsyncExitStack() as locks:
        for account in accounts:
            await locks.enter_async_context(account.lock)
        rests = [(account, rest) for account in accounts if (rest := account.free) > 0.0]
        if not rests:
            return
        for account, rest in rests:
            account.return_block(rest)
        try:
            await (await store()).add([(account.counter, -rest) for account, rest in rests])
        except DatabaseAway:
            for account, rest in rests:
                account.return_block(-rest)
            raise
