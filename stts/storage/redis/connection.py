"""The connection to Redis: one round trip at a time carries all calls that wait, and none of them waits for long.

Where no answer comes within `CALL_SECONDS`, Redis is late: calls fail without waiting until the round trip under way
has been answered. So a Redis that is frozen costs a request that time once, and those after it nothing. Where none
comes within `AWAY_SECONDS` more, or an error does, it is away, and only `run` asks, once a second.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

import structlog

from stts.errors import LimitsAway
from stts.storage.redis.address import RedisAddress
from stts.storage.redis.round_trip import Patience, error_of
from stts.storage.redis.scripts import PROBE, SCRIPTS, Script
from stts.storage.redis.transport import Command, RedisTransport, Word

CALL_SECONDS = 0.045
"""Longest wait of a call for its answer, by a loop that is idle."""
AWAY_SECONDS = 1.0
"""A round trip that is late and is not answered for so long is given up."""
CONNECT_SECONDS = 1.0
"""Longest wait for a connection; a call waits `CALL_SECONDS` for it and its answer together."""
PROBE_SECONDS = 1.0
"""Between two looks whether Redis answers."""
PROBE_CALL = (PROBE, ("stts:probe",), (60,))
"""Its key is kept for a minute."""
LARGEST_BATCH = 50
"""Calls of one round trip; packing and reading them holds up the loop for 4 ms."""
MOST_WAITING = 10_000
"""Calls that wait for the round trip under way; those beyond are not counted in Redis."""
RETRY_SECONDS = 2.0
"""Seconds after which a refused client may try again."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Call:
    script: Script
    keys: Sequence[str]
    arguments: Sequence[Word]
    answer: asyncio.Future[Any] | None = None
    """None where nobody waits for it."""
    lost: Callable[[], None] | None = None
    """Called where Redis may not have heard of it."""

    def command(self, *, by_name: bool) -> Command:
        """`by_name`: Redis knows the script."""
        script = ("EVALSHA", self.script.sha) if by_name else ("EVAL", self.script.text)
        return *script, len(self.keys), *self.keys, *self.arguments


class RedisConnection:
    """One for the process; `run()` runs as long as the server does."""

    def __init__(self, address: RedisAddress, refuses: Callable[[], bool] = lambda: False) -> None:
        """`refuses`: whether calls are refused while Redis is away, or are counted in this process."""
        self._address = address
        self._refuses = refuses
        self._transport = RedisTransport(address, CONNECT_SECONDS, self._is_new)
        self._waiting: deque[_Call] = deque()
        self._flight: asyncio.Task[None] | None = None
        self._patience = Patience()
        self.state: Literal["up", "away"] = "away"
        self.returns = 0
        """How often it came back, or may be another one: what it knew may be lost then."""
        self._told_away = False
        self._is_late = False
        """The round trip under way has had its time."""

    async def ask(self, script: Script, keys: Sequence[str], arguments: Sequence[Word]) -> Any:
        """The answer of a script; None where Redis is away and this process counts meanwhile. Raises LimitsAway where
        calls are refused then."""
        try:
            return await self.call(script, keys, arguments)
        except LimitsAway:
            if self._refuses():
                raise
            return None

    async def call(self, script: Script, keys: Sequence[str], arguments: Sequence[Word]) -> Any:
        """The answer of a script. Raises LimitsAway."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if not self._put(_Call(script, keys, arguments, answer)):
            raise self._failure()
        return await answer

    def tell(self, script: Script, keys: Sequence[str], arguments: Sequence[Word], lost: Callable[[], None]) -> None:
        """Runs a script without waiting for it. `lost` is called where Redis may not have heard of it."""
        if not self._put(_Call(script, keys, arguments, lost=lost)):
            lost()

    async def open(self) -> None:
        """Looks whether Redis answers, for a bounded time."""
        # Its import takes 0.3 s.
        await asyncio.to_thread(import_module, "redis.asyncio")
        await self.probe()

    async def run(self) -> None:
        """Looks every second whether Redis answers, for ever."""
        while True:
            await self._patience.rest(PROBE_SECONDS)
            await self.probe()

    async def probe(self) -> None:
        """Looks whether Redis takes writes, and as fast as calls need it."""
        if self.state == "up":
            # The way of all calls: one connection serves both, and no call has to connect.
            with suppress(LimitsAway):
                await self.call(*PROBE_CALL)
            return
        for look, seconds in ((self._reach, CONNECT_SECONDS), (self._write, CALL_SECONDS)):
            trip = asyncio.ensure_future(look())
            try:
                await self._patience.ends(trip, seconds)
            finally:
                error = await error_of(trip)
            if error is not None:
                self._is_away(error)
                return
        self._is_up()

    async def close(self) -> None:
        """Sends what waits, for a bounded time."""
        if self._flight is not None:
            await asyncio.wait([self._flight], timeout=CONNECT_SECONDS)
            self._flight.cancel()
            await asyncio.wait([self._flight])
        self.state = "away"
        self._fail(self._waiting)
        await self._transport.close()

    async def _reach(self) -> None:
        # Scripts that Redis knows run in the order in which they were asked for.
        await self._transport.exchange([("SCRIPT", "LOAD", script.text) for script in SCRIPTS])

    async def _write(self) -> None:
        await self._exchange([_Call(*PROBE_CALL)])

    def _put(self, call: _Call) -> bool:
        """False where it will not be sent. Where nobody waits for it, it may be late."""
        if self.state == "away" or (self._is_late and call.answer is not None):
            return False
        if len(self._waiting) >= MOST_WAITING:
            return False
        self._waiting.append(call)
        if self._flight is None or self._flight.done():
            # In nobody's context: what it logs belongs to no request.
            self._flight = asyncio.create_task(self._fly(), name="redis", context=Context())
        return True

    async def _fly(self) -> None:
        """Sends what waits until nothing does, one round trip at a time, whose calls are answered however it ends."""
        while self._waiting:
            taken = [self._waiting.popleft() for _ in range(min(LARGEST_BATCH, len(self._waiting)))]
            calls = [each for each in taken if each.answer is None or not each.answer.done()]
            trip = asyncio.ensure_future(self._exchange(calls))
            try:
                if not await self._patience.ends(trip, CALL_SECONDS):
                    self._is_late = True
                    self._fail([*calls, *self._waiting])
                    await self._patience.ends(trip, AWAY_SECONDS)
                if (error := await error_of(trip)) is not None:
                    self._is_away(error, calls)
                    return
                for call, answer in zip(calls, trip.result(), strict=True):
                    if call.answer is not None and not call.answer.done():
                        call.answer.set_result(answer)
            finally:
                trip.cancel()
                self._is_late = False
                self._fail(calls)

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
        return await self._transport.exchange([call.command(by_name=by_name) for call in calls])

    def _is_new(self) -> None:
        """The next connection may lead to another Redis, or to one that has forgotten all."""
        self.returns += 1

    def _is_up(self) -> None:
        if self.state == "away":
            self.state, self._told_away = "up", False
            self.returns += 1
            log.info("redis_up", redis=self._address.shown)

    def _is_away(self, error: BaseException, calls: Sequence[_Call] = ()) -> None:
        if not self._told_away:
            log.warning("redis_away", redis=self._address.shown, error=type(error).__name__)
        self.state, self._told_away = "away", True
        self._fail(self._waiting)
        lost = [*calls, *self._waiting]
        self._waiting.clear()
        for call in lost:
            if call.lost is not None:
                call.lost()

    def _fail(self, calls: Iterable[_Call]) -> None:
        """Answers those that wait for an answer and have none."""
        for call in calls:
            if call.answer is not None and not call.answer.done():
                call.answer.set_exception(self._failure())

    def _failure(self) -> LimitsAway:
        return LimitsAway("Redis, in which limits are counted, does not answer.", retry_after=RETRY_SECONDS)
