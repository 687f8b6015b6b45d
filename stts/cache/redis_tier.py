"""The third tier: one Redis for several servers. Its entries expire there, and Redis bounds them (`maxmemory`).

A Redis that is away costs one request a short wait, or a few one where it takes connections and does not answer.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Set

from stts.cache.aliases import FOREIGN_KEYS
from stts.cache.redis_link import CALL_SECONDS, RedisLink
from stts.cache.statistics import Counts, Tally, TierName, TierState, TierStatistics
from stts.cache.stored import EVERYTHING, MOST_HEADER_BYTES, Selection, Stored, described, pack, unpack

PREFIX = "stts:cache:"
LONG_SECONDS = 5.0
"""Longest wait for each step of a removal or of statistics, which nobody's speech waits for."""
STEP = 500
"""Keys of one step."""
DESCRIPTION_BYTES = 4096
"""Read of an entry at first, to learn what it holds."""
LARGE_BYTES = 200_000
"""Entries from this size on are taken apart in a thread."""


class RedisTier:
    """One for the process."""

    name: TierName = "redis"
    is_wanted = True

    def __init__(self, url: str) -> None:
        """`url`: with its password."""
        self._counts = Counts()
        self._link = RedisLink(url, self._counts)

    @property
    def state(self) -> TierState:
        return "resting" if self._link.is_away else "up"

    async def open(self) -> None:
        """Looks whether Redis is there."""
        await self._link.ask(CALL_SECONDS, "PING")

    @property
    def hits(self) -> int:
        return self._counts.hits

    def may_have(self, key: str) -> bool:
        return not self._link.is_away

    async def get(self, key: str, now: float) -> Stored | None:
        packed = await self._link.ask(CALL_SECONDS, "GET", PREFIX + key)
        if packed is None:
            return None
        large = len(packed) >= LARGE_BYTES
        entry = await asyncio.to_thread(unpack, key, packed) if large else unpack(key, packed)
        if entry is None or not entry.is_fresh(now):
            self._counts.failures += entry is None
            await self._link.ask(CALL_SECONDS, "UNLINK", PREFIX + key)
            return None
        self._counts.hits += 1
        return entry

    async def left_by_others(self, alias: str) -> bytes | None:
        """The answer that another system has kept here under this name, in its own form."""
        found = await self._link.ask(CALL_SECONDS, "MGET", *(each.format(alias=alias) for each in FOREIGN_KEYS))
        return next(filter(None, found or ()), None)

    async def put(self, key: str, entry: Stored, now: float) -> None:
        milliseconds = int((entry.expires - now) * 1000)
        if milliseconds > 0 and not self._link.is_away:
            packed = await asyncio.to_thread(pack, key, entry, compress=True)
            await self._link.ask(LONG_SECONDS, "SET", PREFIX + key, packed, "PX", milliseconds)

    def note_use(self, key: str) -> None:
        """Redis goes by what it is asked for itself: it knows nothing of what others have in memory."""

    async def remove(self, selections: Set[Selection]) -> Mapping[Selection, int] | None:
        counts: Counter[Selection] = Counter()
        cursor: int | None = None
        while cursor != 0:
            found = await self._step(cursor or 0)
            if found is None or not await self._remove_of(found[1], selections, counts):
                return None
            cursor = found[0]
        return counts

    async def statistics(self, now: float) -> TierStatistics:
        tally = Tally(now)
        cursor: int | None = None
        while cursor != 0 and (found := await self._step(cursor or 0)) is not None:
            cursor, keys = found
            sizes = await self._link.ask_all(LONG_SECONDS, [("STRLEN", key) for key in keys]) or []
            for entry, size in zip(await self._heads(keys) or [], sizes, strict=False):
                if entry is not None and size:
                    tally.add(entry, size)
        shares = tally.shares
        return TierStatistics(
            self.name,
            self.state,
            limit_bytes=None,
            entries=sum(share.entries for share in shares),
            bytes=sum(share.bytes for share in shares),
            hits=self.hits,
            failures=self._counts.failures,
            shares=shares,
        )

    async def close(self) -> None:
        await self._link.close()

    async def _step(self, cursor: int) -> tuple[int, list[bytes]] | None:
        """The cursor of the next keys (0: there are no more), and some keys; None where Redis does not answer."""
        found = await self._link.ask(LONG_SECONDS, "SCAN", cursor, "MATCH", PREFIX + "*", "COUNT", STEP)
        return None if found is None else (int(found[0]), list(found[1]))

    async def _remove_of(self, keys: list[bytes], selections: Set[Selection], counts: Counter[Selection]) -> bool:
        """Removes those of these keys that are meant; False where Redis does not answer."""
        if EVERYTHING in selections:
            meant = [[EVERYTHING] for _ in keys]
        else:
            heads = await self._heads(keys)
            if heads is None:
                return False
            meant = [[each for each in head.label.selections if each in selections] if head else [] for head in heads]
        gone = [key for key, found in zip(keys, meant, strict=True) if found]
        if gone and await self._link.ask(LONG_SECONDS, "UNLINK", *gone) is None:
            return False
        for found in meant:
            counts.update(found)
        return True

    async def _heads(self, keys: list[bytes]) -> list[Stored | None] | None:
        """The entries without their audio, each None for what is none; None where Redis does not answer."""
        heads = await self._described(keys, DESCRIPTION_BYTES)
        if heads is None:
            return None
        longer = [key for key in keys if heads[key] is None]
        # Of a long answer many chunks are told.
        for key in longer:
            more = await self._described([key], MOST_HEADER_BYTES)
            if more is None:
                return None
            heads |= more
        return [heads[key] for key in keys]

    async def _described(self, keys: list[bytes], size: int) -> dict[bytes, Stored | None] | None:
        if not keys:
            return {}
        starts = await self._link.ask_all(LONG_SECONDS, [("GETRANGE", key, 0, size - 1) for key in keys])
        if starts is None:
            return None
        return {key: described(start) if start else None for key, start in zip(keys, starts, strict=True)}
