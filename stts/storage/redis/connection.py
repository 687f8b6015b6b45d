"""The connection to Redis: one round trip at a time carries all calls that wait, and none of them waits for long.

What does not answer within `CALL_SECONDS` is away, for all calls at once. From then on only `run` asks, once a second,
and calls fail without waiting until it has been answered. So a Redis that is killed or frozen costs no request more
than twice that time, and those after it nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import structlog

from stts.errors import LimitsAway
from stts.storage.redis.address import RedisAddress
from stts.storage.redis.scripts import Script

if TYPE_CHECKING:
    from redis.asyncio import Redis

CALL_SECONDS = 0.015
"""Longest wait for the answer of one round trip."""
GRACE_SECONDS = 0.005
"""And for one that came in time to a loop which was held up, and reads it only now."""
CONNECT_SECONDS = 1.0
"""Longest wait for a connection, which no call waits for."""
PROBE_SECONDS = 1.0
"""Between two looks whether Redis answers."""
PROBE_KEY = "stts:probe"
PROBE_KEPT_SECONDS = 60
CONNECTIONS = 4
"""One for calls, one for looks; the rest for those that are being closed."""
LARGEST_BATCH = 200
"""Calls of one round trip."""
MOST_WAITING = 10_000
"""Calls that wait for the round trip under way; those beyond are not counted in Redis."""
RETRY_SECONDS = 2.0
"""Seconds after which a refused client may try again."""
Value = str | int
T = TypeVar("T")

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Call:
    script: Script
    keys: Sequence[str]
    arguments: Sequence[Value]
    answer: asyncio.Future[Any] | None
    """None where nobody waits for it."""


class RedisConnection:
    """One for the process; `run()` runs as long as the server does."""

    def __init__(self, address: RedisAddress, refuses: Callable[[], bool] = lambda: False) -> None:
        """`refuses`: whether calls are refused while Redis is away, or are counted in this process."""
        self._address = address
        self._refuses = refuses
        self._client: Redis | None = None
        self._waiting: deque[_Call] = deque()
        self._flight: asyncio.Task[None] | None = None
        self.state: Literal["up", "away"] = "away"
        self.returns = 0
        """How often it came back: what it knew may be lost then."""
        self._told_away = False

    async def ask(self, script: Script, keys: Sequence[str], arguments: Sequence[Value]) -> Any:
        """The answer of a script; None where Redis is away and this process counts meanwhile. Raises LimitsAway where
        calls are refused then."""
        try:
            return await self.call(script, keys, arguments)
        except LimitsAway:
            if self._refuses():
                raise
            return None

    async def call(self, script: Script, keys: Sequence[str], arguments: Sequence[Value]) -> Any:
        """The answer of a script. Raises LimitsAway."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if not self._put(_Call(script, keys, arguments, answer)):
            raise self._failure()
        return await answer

    def tell(self, script: Script, keys: Sequence[str], arguments: Sequence[Value]) -> None:
        """Runs a script without waiting for it; not at all while Redis is away."""
        self._put(_Call(script, keys, arguments, None))

    async def open(self) -> None:
        """Looks whether Redis answers, for a bounded time."""
        # Its import takes 0.3 s.
        await asyncio.to_thread(import_module, "redis.asyncio")
        await self.probe()

    async def run(self) -> None:
        """Looks every second whether Redis answers, for ever."""
        while True:
            await asyncio.sleep(PROBE_SECONDS)
            await self.probe()

    async def probe(self) -> None:
        """Looks whether Redis takes writes, and as fast as calls need it."""
        from redis.exceptions import RedisError

        try:
            client = self._opened()
            await _within(client.ping(), CONNECT_SECONDS)
            await _within(client.set(PROBE_KEY, 1, ex=PROBE_KEPT_SECONDS), CALL_SECONDS)
        except (RedisError, OSError) as error:
            self._is_away(error)
        else:
            self._is_up()

    async def close(self) -> None:
        """Sends what waits, for a bounded time."""
        if self._flight is not None:
            await asyncio.wait([self._flight], timeout=CONNECT_SECONDS)
            self._flight.cancel()
            await asyncio.wait([self._flight])
        if self._client is not None:
            await self._client.aclose()

    def _opened(self) -> Redis:
        if self._client is None:
            from redis.asyncio import Redis
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff

            self._client = Redis.from_url(
                self._address.url,
                max_connections=CONNECTIONS,
                protocol=2,
                retry=Retry(NoBackoff(), 0),
                socket_timeout=CONNECT_SECONDS,
                socket_connect_timeout=CONNECT_SECONDS,
            )
        return self._client

    def _put(self, call: _Call) -> bool:
        """False where it will not be sent."""
        if self.state == "away" or len(self._waiting) >= MOST_WAITING:
            return False
        self._waiting.append(call)
        if self._flight is None or self._flight.done():
            self._flight = asyncio.create_task(self._fly(), name="redis")
        return True

    async def _fly(self) -> None:
        """Sends what waits until nothing does. One round trip is under way at a time."""
        from redis.exceptions import RedisError

        while self._waiting:
            taken = [self._waiting.popleft() for _ in range(min(LARGEST_BATCH, len(self._waiting)))]
            calls = [each for each in taken if each.answer is None or not each.answer.done()]
            try:
                answers = await _within(self._exchange(calls), CALL_SECONDS)
            except (RedisError, OSError) as error:
                self._is_away(error, calls)
                return
            for call, answer in zip(calls, answers, strict=True):
                if call.answer is not None and not call.answer.done():
                    call.answer.set_result(answer)

    async def _exchange(self, calls: Sequence[_Call]) -> list[Any]:
        """The answers of scripts in one round trip, or in two where Redis did not know one of them."""
        from redis.exceptions import NoScriptError

        answers = await self._sent(calls, by_name=True)
        unknown = [place for place, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if unknown:
            # Those did nothing yet.
            anew = await self._sent([calls[place] for place in unknown], by_name=False)
            for place, answer in zip(unknown, anew, strict=True):
                answers[place] = answer
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers

    async def _sent(self, calls: Sequence[_Call], *, by_name: bool) -> list[Any]:
        pipeline = self._opened().pipeline(transaction=False)
        for call in calls:
            command, what = ("EVALSHA", call.script.sha) if by_name else ("EVAL", call.script.text)
            pipeline.execute_command(command, what, len(call.keys), *call.keys, *call.arguments)
        return await pipeline.execute(raise_on_error=False)

    def _is_up(self) -> None:
        if self.state == "away":
            self.state, self._told_away = "up", False
            self.returns += 1
            log.info("redis_up", redis=self._address.shown)

    def _is_away(self, error: Exception, calls: Sequence[_Call] = ()) -> None:
        if not self._told_away:
            log.warning("redis_away", redis=self._address.shown, error=type(error).__name__)
        self.state, self._told_away = "away", True
        failed, self._waiting = [*calls, *self._waiting], deque()
        for call in failed:
            if call.answer is not None and not call.answer.done():
                call.answer.set_exception(self._failure())

    def _failure(self) -> LimitsAway:
        return LimitsAway("Redis, in which limits are counted, does not answer.", retry_after=RETRY_SECONDS)


async def _within(work: Awaitable[T], seconds: float) -> T:
    """The result of work within a time. Raises TimeoutError."""
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait([task], timeout=seconds)
        if not done:
            done, _ = await asyncio.wait([task], timeout=GRACE_SECONDS)
        if not done:
            raise TimeoutError
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
