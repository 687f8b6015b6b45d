"""The way to Redis for the cache: each call is bounded in time, and a Redis that does not answer is asked no more.

From then on nothing asks it until a look, once a second, finds that it is back. What it refuses (it is full, it may not
write) is a failure of that call alone. Its library is imported when it is first asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from importlib import import_module
from typing import TYPE_CHECKING, Any

import structlog

from stts.cache.statistics import Counts

if TYPE_CHECKING:
    from redis.asyncio import Redis

Word = str | bytes | int

CALL_SECONDS = 0.1
"""Longest wait for an answer that somebody's speech waits for, and for a connection."""
PROBE_SECONDS = 1.0
"""Between two looks whether Redis is back."""
TIMEOUTS = 3
"""Calls in a row without an answer in time, from which on it is away: one alone may be a large entry."""
CONNECTIONS = 32

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class RedisLink:
    """Fails at nothing: what has no answer is None, and counted."""

    def __init__(self, url: str, counts: Counts) -> None:
        """`url`: with its password."""
        self._url = url
        self._counts = counts
        self._client: Redis | None = None
        self._timeouts = 0
        self.is_away = False
        self.probing: asyncio.Task[None] | None = None

    async def ask(self, seconds: float, *words: Word) -> Any:
        """The answer; None where there is none in time, or Redis refuses or is away."""
        return await self._answer(seconds, lambda: self.client.execute_command(*words))  # type: ignore[no-untyped-call]

    async def ask_all(self, seconds: float, commands: Sequence[Sequence[Word]]) -> list[Any] | None:
        """The answers to several commands, which go together; None as `ask`."""

        def sent() -> Awaitable[list[Any]]:
            pipeline = self.client.pipeline(transaction=False)
            for words in commands:
                pipeline.execute_command(*words)
            return pipeline.execute()

        answers: list[Any] | None = await self._answer(seconds, sent)
        return answers

    async def close(self) -> None:
        if self.probing is not None:
            self.probing.cancel()
            await asyncio.wait([self.probing])
        if self._client is not None:
            await self._client.aclose()

    @property
    def client(self) -> Redis:
        if self._client is None:
            from redis.asyncio import BlockingConnectionPool, Redis
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff

            pool = BlockingConnectionPool.from_url(
                self._url,
                max_connections=CONNECTIONS,
                # Each call has its own bound: one that waits for a connection says nothing of Redis.
                timeout=None,
                retry=Retry(NoBackoff(), 0),
                socket_timeout=None,
                socket_connect_timeout=CALL_SECONDS,
            )
            self._client = Redis.from_pool(pool)
        return self._client

    async def _answer(self, seconds: float, call: Callable[[], Awaitable[Any]]) -> Any:
        if self.is_away:
            return None
        if self._client is None:
            # Its import takes 0.3 s.
            await asyncio.to_thread(import_module, "redis.asyncio")
        from redis.exceptions import ConnectionError as NoConnection
        from redis.exceptions import RedisError
        from redis.exceptions import TimeoutError as NoAnswer

        try:
            async with asyncio.timeout(seconds):
                answer = await call()
        except (TimeoutError, NoAnswer) as error:
            self._timeouts += 1
            self._failed(error, is_away=self._timeouts >= TIMEOUTS)
        except (OSError, NoConnection) as error:
            self._failed(error, is_away=True)
        except RedisError as error:
            self._failed(error, is_away=False)
        else:
            self._timeouts = 0
            return answer
        return None

    def _failed(self, error: BaseException, *, is_away: bool) -> None:
        self._counts.failures += 1
        if self.is_away or not is_away:
            return
        self.is_away = True
        log.warning("cache_redis_away", error=type(error).__name__)
        # In nobody's context: it outlives the request that has noticed.
        self.probing = asyncio.create_task(self._probe(), name="cache redis", context=Context())

    async def _probe(self) -> None:
        from redis.exceptions import RedisError

        while self.is_away:
            await asyncio.sleep(PROBE_SECONDS)
            try:
                async with asyncio.timeout(CALL_SECONDS):
                    await self.client.ping()
            except (OSError, TimeoutError, RedisError):
                continue
            self._timeouts = 0
            self.is_away = False
            log.info("cache_redis_up")
