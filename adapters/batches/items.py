"""The items of a batch that are still to be done: read in parts, and put back where they are to be tried again.

Items of the same content are not at work at once: the first is done, and the others take its result.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping

from stts.errors import DatabaseAway
from stts.jobs.store import FoundResult
from stts.jobs.values import Batch, BatchItem, ItemResult
from stts.storage.database.opening import StoreOpener

READ_AT_ONCE = 100
MOST_TRIES = 6
"""Tries of one item; the waits between them grow."""
MOST_FOUND = 1000
"""Results that are remembered, more than can be at work and not written yet."""
RETRY_SECONDS = 1.0
"""Between two tries of a database that is away."""


class WaitingItems:
    """One for each batch that is worked on."""

    def __init__(self, batch: Batch, stores: StoreOpener) -> None:
        self._batch = batch
        self._stores = stores
        self._read: deque[BatchItem] = deque()
        self._after = -1
        self._is_all_read = False
        self._at_work: set[str] = set()
        """Their contents."""
        self._repeats: dict[str, list[BatchItem]] = {}
        """Items that wait for one of the same content at work."""
        self._tries: dict[int, int] = {}
        self._turn = asyncio.Condition()
        self.found: dict[str, FoundResult | None] = {}
        """Results of the same contents that other batches have, or this one, for the items read last; None: no result
        was there, so nobody asks again."""

    async def take(self) -> BatchItem | None:
        """The next one, which is at work until `finish` or `put_back`; None: there is none left."""
        async with self._turn:
            while (item := self._next()) is None:
                if not self._is_all_read and sum(map(len, self._repeats.values())) < READ_AT_ONCE:
                    await self._read_on()
                elif self._at_work:
                    # One of those may be put back, or have repeats.
                    await self._turn.wait()
                else:
                    return None
            return item

    def _next(self) -> BatchItem | None:
        while self._read:
            item = self._read.popleft()
            if item.digest not in self._at_work:
                self._at_work.add(item.digest)
                return item
            self._repeats.setdefault(item.digest, []).append(item)
        return None

    async def finish(self, item: BatchItem, result: ItemResult | None) -> None:
        """`result`: its own, which those of the same content take; None: it failed, and the next of them is tried."""
        self._tries.pop(item.number, None)
        async with self._turn:
            if result is not None:
                self._remember({item.digest: FoundResult(self._batch.id, result)})
            self._let_go(item)

    def may_retry(self, item: BatchItem) -> bool:
        """Counts a try. False: it was tried often enough."""
        tries = self._tries[item.number] = self._tries.get(item.number, 0) + 1
        return tries < MOST_TRIES

    async def put_back(self, item: BatchItem) -> None:
        """Lets it be taken again."""
        async with self._turn:
            self._read.append(item)
            self._let_go(item)

    def _let_go(self, item: BatchItem) -> None:
        self._at_work.remove(item.digest)
        self._read.extendleft(reversed(self._repeats.pop(item.digest, [])))
        self._turn.notify_all()

    async def _read_on(self) -> None:
        try:
            items = await self._next_part()
        except DatabaseAway:
            await asyncio.sleep(RETRY_SECONDS)
            return
        self._is_all_read = len(items) < READ_AT_ONCE
        self._read.extend(items)
        if items:
            self._after = items[-1].number

    async def _next_part(self) -> list[BatchItem]:
        batch = self._batch
        stores = await self._stores.stores()
        items = await stores.batches.items(batch.id, after=self._after, most=READ_AT_ONCE, state="waiting")
        new = list({item.digest: None for item in items if item.digest not in self.found})
        if new:
            found = await stores.batch_work.results(batch.owner, batch.root, new)
            self._remember({digest: found.get(digest) for digest in new})
        return items

    def _remember(self, found: Mapping[str, FoundResult | None]) -> None:
        """Those found last stand behind; the first are forgotten."""
        for digest, each in found.items():
            self.found.pop(digest, None)
            self.found[digest] = each
        while len(self.found) > MOST_FOUND:
            del self.found[next(iter(self.found))]
