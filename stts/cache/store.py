"""The store of the cache: one look into memory that waits for nothing, slower tiers behind it.

What is put is in memory at once. A task writes it to the slower tiers, as long as there is something to write; what
waits for it is bounded, and beyond that is kept in memory alone.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from contextvars import Context
from itertools import islice

from stts.cache.memory import MemoryTier
from stts.cache.removals import TierRemovals
from stts.cache.statistics import Tally, TierStatistics
from stts.cache.stored import EVERYTHING, Selection, Stored
from stts.cache.tier import SlowTier
from stts.settings import CurrentSettings

UNWRITTEN_BYTES = 64_000_000
"""Most that waits to be written to slower tiers."""
REMOVALS = 100
"""Removals that are remembered, so that nothing that was begun before one is put after it."""
CLOSE_SECONDS = 5.0
"""Longest wait at the end for what is to be written."""
HOUR = 3600.0

LeftByOthers = Callable[[str], Awaitable[bytes | None]]
"""Finds what another system has kept of an answer, by its alias (`stts/cache/aliases.py`)."""


class CacheStore:
    """One for the process, used on one event loop."""

    def __init__(
        self,
        settings: CurrentSettings,
        tiers: Sequence[SlowTier] = (),
        clock: Callable[[], float] = time.time,
        left_by_others: LeftByOthers | None = None,
    ) -> None:
        """`tiers`: the slower ones, the fastest first. `clock`: Unix time in seconds."""
        self.left_by_others = left_by_others
        self._settings = settings
        self._clock = clock
        self._memory = MemoryTier(lambda: settings().cache.memory_bytes)
        self._unwritten: OrderedDict[str, Stored] = OrderedDict()
        self._unwritten_bytes = 0
        self._writer: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        """Held while an entry is written to the slower tiers."""
        self._tiers = tuple(tiers)
        self._open_removals = tuple(TierRemovals(tier, self._turn) for tier in tiers)
        self._removals: deque[Selection] = deque(maxlen=REMOVALS)
        self.told: Callable[[Selection], Awaitable[None]] | None = None
        """Tells other processes that keep entries too of a removal; None where there are none."""
        self.removals = 0
        """How many removals there were: `put` takes it from whoever began something before it is put."""

    @property
    def now(self) -> float:
        """Unix time in seconds, by which entries are made and expire."""
        return self._clock()

    def expiry(self, engine: str, created: float) -> float:
        """Unix time at which an entry of this engine expires; `created` itself where nothing of it is kept."""
        cache = self._settings().cache
        return created + cache.engine_hours.get(engine, cache.hours) * HOUR

    def in_memory(self, key: str) -> Stored | None:
        """The entry, where it is at hand: nothing is waited for. `key`: 64 hexadecimal digits."""
        entry = self._memory.get(key, self._clock())
        if entry is None:
            return self._still_unwritten(key)
        if self._is_too_old(entry):
            self._memory.discard(key)
            return None
        for tier in self._tiers:
            tier.note_use(key)
        return entry

    def may_have(self, key: str) -> bool:
        """False where it is known at once that no slower tier has it, so that `get` would find nothing."""
        return any(tier.is_wanted and tier.may_have(key) for tier in self._tiers)

    async def get(self, key: str) -> Stored | None:
        """The entry from the first tier that has it, and from then on in memory; None where none has."""
        entry = self.in_memory(key)
        if entry is not None:
            return entry
        asked = self.removals
        for tier, removals in zip(self._tiers, self._open_removals, strict=True):
            if tier.is_wanted and tier.may_have(key):
                in_force = removals.in_force
                entry = await tier.get(key, self._clock())
                if entry is not None and not self._is_withheld(entry, asked, in_force):
                    self._memory.put(key, entry)
                    return entry
        return None

    def put(self, key: str, entry: Stored, since: int | None = None) -> None:
        """Keeps an entry, in memory at once, in slower tiers soon. Raises nothing.

        `since`: `removals` when it was begun; what a removal meant since then is not kept, nor what has expired.
        """
        if not entry.is_fresh(self._clock()) or (since is not None and self._is_removed(entry, since)):
            return
        self._memory.put(key, entry)
        if any(tier.is_wanted for tier in self._tiers) and self._unwritten_bytes + entry.size <= UNWRITTEN_BYTES:
            self._take(key)
            self._unwritten[key] = entry
            self._unwritten_bytes += entry.size
            if self._writer is None or self._writer.done():
                # In nobody's context: it writes for all.
                self._writer = asyncio.create_task(self._write(), name="cache", context=Context())

    async def remove(self, selection: Selection = EVERYTHING) -> int:
        """Removes entries from all tiers, and tells how many they were in the largest of them.

        A tier that refuses is asked again until it is through; until then nothing that is meant is read from it.
        """
        count = await self.remove_here(selection)
        if self.told is not None:
            await self.told(selection)
        return count

    async def remove_here(self, selection: Selection) -> int:
        """As `remove`, without a word to other processes."""
        self._removals.append(selection)
        self.removals += 1
        for key in [key for key, entry in self._unwritten.items() if selection.takes(entry)]:
            self._take(key)
        counts = [self._memory.remove(selection)]
        counts += await asyncio.gather(*[removals.ask(selection) for removals in self._open_removals])
        return max(counts)

    @property
    def hits(self) -> Mapping[str, int]:
        """How often each tier had an entry, since the start."""
        return {"memory": self._memory.hits, **{tier.name: tier.hits for tier in self._tiers}}

    async def statistics(self) -> list[TierStatistics]:
        """Each tier that is wanted; the slower ones look into all of their entries for it."""
        tally = Tally(self._clock())
        tally.add_all(self._memory.entries())
        limit = self._settings().cache.memory_bytes
        memory = TierStatistics(
            "memory",
            "up" if limit else "off",
            limit,
            len(self._memory),
            self._memory.bytes,
            self._memory.hits,
            failures=0,
            shares=tally.shares,
        )
        return [memory, *[await tier.statistics(tally.now) for tier in self._tiers if tier.is_wanted]]

    async def open(self) -> None:
        """Looks at the slower tiers, so that a miss is known without them."""
        if self._settings().cache.enabled:
            for tier in self._tiers:
                await tier.open()

    async def written(self) -> None:
        """Waits until all that was put is in the slower tiers."""
        while self._writer is not None and not self._writer.done():
            await asyncio.wait([self._writer])

    async def close(self) -> None:
        """Writes what waits to be written, for a bounded time, then closes the tiers."""
        if self._writer is not None:
            await asyncio.wait([self._writer], timeout=CLOSE_SECONDS)
            self._writer.cancel()
            await asyncio.wait([self._writer])
        for removals in self._open_removals:
            await removals.close()
        for tier in self._tiers:
            await tier.close()

    async def _write(self) -> None:
        while self._unwritten:
            async with self._turn:
                if not self._unwritten:
                    return
                key, entry = next(iter(self._unwritten.items()))
                for tier in self._tiers:
                    if tier.is_wanted:
                        await tier.put(key, entry, self._clock())
                if self._unwritten.get(key) is entry:
                    self._take(key)

    def _still_unwritten(self, key: str) -> Stored | None:
        """An entry that memory has no room for, on its way to a slower tier."""
        entry = self._unwritten.get(key)
        is_fresh = entry is not None and entry.is_fresh(self._clock()) and not self._is_too_old(entry)
        return entry if is_fresh else None

    def _is_too_old(self, entry: Stored) -> bool:
        """True where the settings of this moment let it last less long than those that it was made with."""
        return self._clock() >= self.expiry(entry.engine, entry.created)

    def _is_withheld(self, entry: Stored, asked: int, in_force: Set[Selection]) -> bool:
        """True for what was found in a slower tier and is not to be answered. `asked`, `in_force`: `removals` and those
        of the tier when the look began, which may have ended since."""
        is_meant = bool(in_force) and any(each in in_force for each in entry.label.selections)
        return is_meant or self._is_removed(entry, asked) or self._is_too_old(entry)

    def _take(self, key: str) -> None:
        entry = self._unwritten.pop(key, None)
        if entry is not None:
            self._unwritten_bytes -= entry.size

    def _is_removed(self, entry: Stored, since: int) -> bool:
        """True where a removal meant it since then, or where there were more than are remembered."""
        count = self.removals - since
        return count > REMOVALS or any(each.takes(entry) for each in islice(reversed(self._removals), count))
