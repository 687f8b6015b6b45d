"""Removals from one slower tier: each is in force from when it is asked for until the tier is through with it.

What waits is carried out together, in one look at the tier. A tier that refuses is asked again until it is through;
meanwhile nothing that a removal means is read from it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from contextvars import Context

from stts.cache.stored import EVERYTHING, Selection
from stts.cache.tier import SlowTier

MOST_OPEN = 1000
"""Removals that are remembered one by one; where there are more, everything is removed."""
REPEAT_SECONDS = 5.0
"""Between two tries on a tier that refuses."""


class TierRemovals:
    """Used on one event loop."""

    def __init__(self, tier: SlowTier, writing: asyncio.Lock) -> None:
        """`writing`: held while an entry is written."""
        self._tier = tier
        self._writing = writing
        self._open: dict[Selection, int] = {}
        """Those that are in force, each with the number of when it was asked for last."""
        self._asked = 0
        self._waiting: list[tuple[Selection, asyncio.Future[int]]] = []
        self._new = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def in_force(self) -> frozenset[Selection]:
        return frozenset(self._open)

    def ask(self, selection: Selection) -> asyncio.Future[int]:
        """Puts it in force at once. The future tells how many entries were removed, 0 where the tier refuses for now:
        it is in force all the same."""
        self._asked += 1
        if len(self._open) >= MOST_OPEN:
            self._open = {EVERYTHING: self._asked}
        else:
            self._open[selection] = self._asked
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((selection, future))
        self._new.set()
        if self._task is None or self._task.done():
            # In nobody's context: it outlives the request that asks.
            self._task = asyncio.create_task(self._run(), name="cache removals", context=Context())
        return future

    async def close(self) -> None:
        """Gives up what a tier still refuses."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while self._open:
            self._new.clear()
            if not await self._carry_out(dict(self._open)):
                await self._wait()

    async def _carry_out(self, batch: Mapping[Selection, int]) -> bool:
        waiting, self._waiting = self._waiting, []
        counts: Mapping[Selection, int] | None = None
        try:
            async with self._writing:
                pass  # what was being written when it was asked for is there now, and is found
            counts = await self._tier.remove(frozenset(batch))
        finally:
            for selection, future in waiting:
                if not future.done():
                    future.set_result((counts or {}).get(selection, 0))
        if counts is None:
            return False
        for selection, number in batch.items():
            if self._open.get(selection) == number:
                del self._open[selection]
        return True

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(REPEAT_SECONDS):
                await self._new.wait()
