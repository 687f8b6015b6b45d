"""The third tier: one Redis for several servers. Its entries expire there, and Redis bounds them (`maxmemory`).

A Redis that does not answer costs one request a short wait: from then on nothing asks it until a look, once a second,
finds that it is back. It is imported when it is first asked.
"""

from __future__ import annotations

import asyncio
from contextvars import Context
from importlib import import_module
from typing import TYPE_CHECKING, Any

import structlog

from stts.cache.statistics import Counts, Tally, TierState, TierStatistics
from stts.cache.stored import EVERYTHING, Selection, Stored, described, pack, unpack

if TYPE_CHECKING:
    from redis.asyncio import Redis

PREFIX = "stts:cache:"
CALL_SECONDS = 0.1
"""Longest wait for an answer of Redis, and for a connection."""
LONG_SECONDS = 5.0
"""The same for each step of a removal or of statistics, which nobody's speech waits for."""
PROBE_SECONDS = 1.0
"""Between two looks whether Redis is back."""
CONNECTIONS = 32
STEP = 500
"""Keys of one step."""
DESCRIPTION_BYTES = 65_536
"""Read of an entry, to learn what it holds."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class RedisTier:
    """One for the process."""

    is_wanted = True

    def __init__(self, url: str) -> None:
        """`url`: with its password."""
        self._url = url
        self._client: Redis | None = None
        self._is_away = False
        self._probing: asyncio.Task[None] | None = None
        self._counts = Counts()

    @property
    def state(self) -> TierState:
        return "resting" if self._is_away else "up"

    async def open(self) -> None:
        """Looks whether Redis is there."""
        await self._asked(CALL_SECONDS, "PING")

    def may_have(self, key: str) -> bool:
        return not self._is_away

    async def get(self, key: str, now: float) -> Stored | None:
        packed = await self._asked(CALL_SECONDS, "GET", PREFIX + key)
        if packed is None:
            return None
        entry = unpack(key, packed)
        if entry is None or not entry.is_fresh(now):
            self._counts.failures += entry is None
            await self._asked(CALL_SECONDS, "UNLINK", PREFIX + key)
            return None
        self._counts.hits += 1
        return entry

    async def put(self, key: str, entry: Stored, now: float) -> None:
        milliseconds = int((entry.expires - now) * 1000)
        if milliseconds > 0 and not self._is_away:
            packed = await asyncio.to_thread(pack, key, entry)
            await self._asked(LONG_SECONDS, "SET", PREFIX + key, packed, "PX", milliseconds)

    async def remove(self, selection: Selection) -> int:
        removed = 0
        async for keys in _Scan(self):
            entries = await self._heads(keys) if selection != EVERYTHING else [None] * len(keys)
            gone = [
                key
                for key, entry in zip(keys, entries, strict=True)
                if selection == EVERYTHING or (entry is not None and selection.takes(entry))
            ]
            if gone:
                removed += await self._asked(LONG_SECONDS, "UNLINK", *gone) or 0
        return removed

    async def statistics(self, now: float) -> TierStatistics:
        tally = Tally(now)
        async for keys in _Scan(self):
            for key, entry in zip(keys, await self._heads(keys), strict=True):
                size = await self._asked(LONG_SECONDS, "STRLEN", key)
                if entry is not None and size:
                    tally.add(entry, size)
        shares = tally.shares
        return TierStatistics(
            "redis",
            self.state,
            limit_bytes=None,
            entries=sum(share.entries for share in shares),
            bytes=sum(share.bytes for share in shares),
            hits=self._counts.hits,
            failures=self._counts.failures,
            shares=shares,
        )

    async def close(self) -> None:
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.wait([self._probing])
        if self._client is not None:
            await self._client.aclose()

    async def step(self, cursor: int) -> tuple[int, list[bytes]]:
        """Some keys, and the cursor of the next ones; 0: there are no more, or Redis is away."""
        found = await self._asked(LONG_SECONDS, "SCAN", cursor, "MATCH", PREFIX + "*", "COUNT", STEP)
        return (0, []) if found is None else (int(found[0]), list(found[1]))

    async def _heads(self, keys: list[bytes]) -> list[Stored | None]:
        heads: list[Stored | None] = []
        for key in keys:
            start = await self._asked(LONG_SECONDS, "GETRANGE", key, 0, DESCRIPTION_BYTES - 1)
            heads.append(described(start) if start else None)
        return heads

    async def _asked(self, seconds: float, *words: str | bytes | int) -> Any:
        """The answer; None where there is none in time, or Redis is away."""
        if self._is_away:
            return None
        if self._client is None:
            # Its import takes 0.3 s.
            await asyncio.to_thread(import_module, "redis.asyncio")
        try:
            async with asyncio.timeout(seconds):
                return await self._connected().execute_command(*words)  # type: ignore[no-untyped-call]
        except (OSError, TimeoutError, self._errors()) as error:
            self._failed(error)
            return None

    def _errors(self) -> type[Exception]:
        from redis.exceptions import RedisError

        return RedisError

    def _connected(self) -> Redis:
        if self._client is None:
            from redis.asyncio import BlockingConnectionPool, Redis
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff

            pool = BlockingConnectionPool.from_url(
                self._url,
                max_connections=CONNECTIONS,
                timeout=CALL_SECONDS,
                retry=Retry(NoBackoff(), 0),
                socket_timeout=None,
                socket_connect_timeout=CALL_SECONDS,
            )
            self._client = Redis.from_pool(pool)
        return self._client

    def _failed(self, error: BaseException) -> None:
        self._counts.failures += 1
        if self._is_away:
            return
        self._is_away = True
        log.warning("cache_redis_away", error=type(error).__name__)
        # In nobody's context: it outlives the request that has noticed.
        self._probing = asyncio.create_task(self._probe(), name="cache redis", context=Context())

    async def _probe(self) -> None:
        while self._is_away:
            await asyncio.sleep(PROBE_SECONDS)
            try:
                async with asyncio.timeout(CALL_SECONDS):
                    await self._connected().ping()
            except (OSError, TimeoutError, self._errors()):
                continue
            self._is_away = False
            log.info("cache_redis_up")


class _Scan:
    """Goes through all keys, step by step."""

    def __init__(self, tier: RedisTier) -> None:
        self._tier = tier
        self._cursor: int | None = None

    def __aiter__(self) -> _Scan:
        return self

    async def __anext__(self) -> list[bytes]:
        if self._cursor == 0:
            raise StopAsyncIteration
        self._cursor, keys = await self._tier.step(self._cursor or 0)
        return keys
