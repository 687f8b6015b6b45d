"""The items of a batch that are still to be done: read in parts, and put back where they are to be tried again."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping

from stts.errors import DatabaseAway
from stts.jobs.store import FoundResult
from stts.jobs.values import Batch, BatchItem
from stts.storage.database.opening import StoreOpener

READ_AT_ONCE = 100
MOST_TRIES = 6
"""Tries of one item; the waits between them grow."""
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
        self._at_work = 0
        self._tries: dict[int, int] = {}
        self._turn = asyncio.Condition()
        self.found: dict[str, FoundResult] = {}
        """Results of the same contents that other batches have, for the items read last."""

    async def take(self) -> BatchItem | None:
        """The next one, which is at work until `finish` or `put_back`; None: there is none left."""
        async with self._turn:
            while not self._read:
                if not self._is_all_read:
                    await self._read_on()
                elif self._at_work:
                    # One of those may be put back.
                    await self._turn.wait()
                else:
                    return None
            self._at_work += 1
            return self._read.popleft()

    async def finish(self, item: BatchItem) -> None:
        self._tries.pop(item.number, None)
        async with self._turn:
            self._at_work -= 1
            self._turn.notify_all()

    def may_retry(self, item: BatchItem) -> bool:
        """Counts a try. False: it was tried often enough."""
        tries = self._tries[item.number] = self._tries.get(item.number, 0) + 1
        return tries < MOST_TRIES

    async def put_back(self, item: BatchItem) -> None:
        """Lets it be taken again."""
        async with self._turn:
            self._read.append(item)
            self._at_work -= 1
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
        found: Mapping[str, FoundResult] = {}
        if items:
            found = await stores.batch_work.results(batch.owner, batch.root, [item.digest for item in items])
        # Those of the part before may still be at work.
        self.found = {**self.found, **found} if len(self.found) < READ_AT_ONCE else dict(found)
        return items
