"""The life cycle of an engine: loaded on first use, unloaded when idle, put to rest when it keeps failing.

Loads and unloads exclude each other, and an unload excludes calls. Only they go to worker threads.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Generic, TypeVar

import structlog

from adapters.execution.backends.spare import Spare
from adapters.execution.copies import Copies
from adapters.execution.errors import plain, shutting_down
from adapters.execution.pool import SlotPool
from adapters.execution.queue import AT_ONCE
from adapters.execution.slot import Slot
from stts.engine_api import Engine
from stts.engine_state import EngineState
from stts.errors import Busy, Conflict, EngineCrashed, EngineError, EngineNotInstalled, STTSError
from stts.scheduling.backoff import Backoff
from stts.settings import CurrentSettings

E = TypeVar("E", bound=Engine)

log: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)

CLOSE_SECONDS = 5.0
"""Seconds for calls that still run at the end to come to their next yield."""
CRASH_LOOP = 3
"""Children that died at work, one after the other, after which the engine is left alone for a while."""


class EngineLifecycle(Generic[E]):
    """Owns the state of an engine and the pool of its slots."""

    def __init__(self, name: str, copies: Copies[E], settings: CurrentSettings, clock: Callable[[], float]) -> None:
        self.name = name
        self.state: EngineState = "cold" if copies.installed else "not_installed"
        self.progress: tuple[str, float | None] | None = None
        """The current step of a load, and the part done, 0..1."""
        self.failure: STTSError | None = None
        """Why the last load failed, or what ended the engine's use."""
        self.on_loading: Callable[[], Awaitable[None]] | None = None
        """Called before each load, which waits for it; raises nothing."""
        self.on_loaded: Callable[[], None] | None = None
        """Called after each load."""
        self.awaiting_load = 0
        """Requests that wait for the load."""
        self._copies = copies
        self._settings = settings
        self._clock = clock
        self.pool = SlotPool(
            name,
            copies.engine,
            copies,
            settings,
            clock,
            on_stuck=self._stuck,
            on_recovered=self._recovered,
            on_crash=self._crashed,
            replace=self._replace,
        )
        self._spare = Spare(name, self._start_spare)
        self._changing = asyncio.Lock()
        self._loading: asyncio.Task[None] | None = None
        self._loads = Backoff()
        self._closed = False

    @property
    def rest(self) -> float:
        """Seconds that the engine is left alone after it has failed; 0: the next call tries again."""
        return max(self._loads.wait(self._clock()), self.pool.rest()) if self.state == "failed" else 0.0

    @asynccontextmanager
    async def slot(self, deadline: float, *, begun: bool) -> AsyncIterator[Slot[E]]:
        """A slot whose copy is loaded, in its turn. Raises what a load raises, Busy, and ShuttingDown."""
        asked, loaded = self._clock(), self.state == "ready"
        if not loaded:
            await self._load_for_call()
        load_seconds = self._clock() - asked
        async with self.pool.slot(deadline, begun=begun) as slot:
            if not slot.backend.ready:
                began, loaded = self._clock(), False
                await self._restart(slot)
                load_seconds += self._clock() - began
            slot.load_seconds = None if loaded else load_seconds
            self._keep_spare()
            yield slot

    async def load(self) -> None:
        """Loads the engine unless it is loaded. All who call meanwhile wait for the one load; none can cancel it.

        Raises what went wrong as EngineError; the next call tries again.
        """
        if self.state == "ready":
            return
        if self._loading is None:
            if self._closed:
                raise shutting_down()
            if self.pool.stuck and self.failure is not None:
                raise plain(self.failure)
            self._loading = asyncio.create_task(self._load(), name=f"load {self.name}")
            self._loading.add_done_callback(self._load_ended)
        await asyncio.shield(self._loading)

    async def warm(self, count: int) -> None:
        """Loads copies until so many are ready, but none in the place of one that is at work. Raises as `slot`."""
        if self.state != "ready":
            await self._load_for_call()
        while self._copies.ready < count and self.pool.turns.running < self.pool.capacity:
            async with self.pool.slot(AT_ONCE, begun=True, cold=True) as slot:
                if slot.backend.ready:
                    return
                await self._restart(slot)

    async def unload(self) -> None:
        """Frees what a load took. Raises Conflict while the engine loads or works, or work waits for it."""
        await self._spare.end()
        self._require_idle()
        async with self._changing:
            self._require_idle()
            if self.state not in ("ready", "failed"):
                return
            self.state, self.failure = "cold", None
            async with self.pool.slot(AT_ONCE, begun=True) as slot:
                await slot.do(self._copies.unload, "call")

    def look_again(self) -> None:
        """Tells anew whether the engine is installed, where it is not loaded."""
        if self.state in ("cold", "not_installed"):
            self.state, self.failure = ("cold" if self._copies.installed else "not_installed"), None

    async def close(self) -> None:
        """Ends running calls at their next yield, by force if need be, then children and threads."""
        if self._closed:
            return
        self._closed = True
        await self._spare.end()
        await self.pool.stop(CLOSE_SECONDS)
        if self._loading is not None:
            await asyncio.wait([self._loading])
        loaded = self.state in ("ready", "failed") and not self.pool.stuck
        await self.pool.close(self._copies.unload if loaded else None, CLOSE_SECONDS)
        self.state = "failed" if self.pool.stuck else "cold"

    async def _load(self) -> None:
        if self.on_loading is not None:
            await self.on_loading()
        async with self._changing, self.pool.slot(AT_ONCE, begun=True) as slot:
            self.state, self.failure = "loading", None
            try:
                if not slot.backend.ready:
                    await slot.load(partial(self._copies.load, slot.backend), self._report)
            except STTSError as error:
                self._fail(error)
                raise
            self._loads.succeeded()
            self.state, self.progress = "ready", None
        self._keep_spare()
        if self.on_loaded is not None:
            self.on_loaded()

    def _load_ended(self, task: asyncio.Task[None]) -> None:
        self._loading = None
        if not task.cancelled():
            # Looked at, lest asyncio complain when all who waited have left.
            task.exception()

    async def _load_for_call(self) -> None:
        """Raises the failure of a load that is not worth another try yet."""
        if self._loading is None and self.failure is not None and (rest := self.rest) > 0:
            again = plain(self.failure)
            again.retry_after = float(math.ceil(rest))
            raise again
        if self.awaiting_load >= self._settings().limits.queue_length:
            raise Busy("Too many requests wait for this engine to load.", retry_after=self.pool.turns.retry_after())
        self.awaiting_load += 1
        try:
            await self.load()
        finally:
            self.awaiting_load -= 1

    async def _restart(self, slot: Slot[E]) -> None:
        """Loads another copy, or one in the place of one that died: soon, or later if that keeps happening."""
        await asyncio.sleep(self.pool.rest())
        try:
            await slot.load(partial(self._copies.load, slot.backend), self._report)
        except EngineError as error:
            if not self._copies.ready:
                self._fail(error)
            raise
        finally:
            self.progress = None

    async def _replace(self, slot: Slot[E], error: EngineCrashed) -> None:
        """Another copy for a slot whose child died before it answered. Raises the error where there is to be none."""
        self.pool.exchange(slot, error)
        if self.state == "failed" or self._closed:
            raise error
        log.warning("engine_call_repeated", engine=self.name, crashes=self.pool.crashes)
        if not slot.backend.ready:
            await self._restart(slot)

    def _report(self, step: str, part: float | None) -> None:
        self.progress = (step, part)

    def _fail(self, error: STTSError) -> None:
        self.state = "not_installed" if isinstance(error, EngineNotInstalled) else "failed"
        self.failure, self.progress = plain(error), None
        self._loads.failed(self._clock())

    def _keep_spare(self) -> None:
        wanted = self._copies.info.limits.spare and self.pool.lacks_spare
        if wanted and self.state == "ready" and not self._closed:
            self._spare.want()

    async def _start_spare(self) -> None:
        await asyncio.sleep(self.pool.rest())
        async with self.pool.slot(AT_ONCE, begun=True) as slot:
            if not slot.backend.ready:
                await self._restart(slot)

    def _crashed(self, error: STTSError) -> None:
        """A child died at work: chance, unless it happens again and again."""
        count = self.pool.crashes
        if count < CRASH_LOOP:
            self._keep_spare()
            return
        name = self._copies.info.name
        self._fail(EngineCrashed(f"The process of {name} died {count} times in a row, and is left alone for a while."))
        log.warning("engine_crashes", engine=self.name, crashes=count, rest=round(self.rest, 1))

    def _stuck(self, error: STTSError) -> None:
        """A thread was given up, and nobody may call into an engine in that state."""
        self._fail(error)
        self.pool.turns.refuse_waiting(lambda: plain(error))

    def _recovered(self) -> None:
        """The thread came back after all, so the engine was only slow."""
        self.state, self.failure = "ready" if self._copies.ready else "cold", None

    def _require_idle(self) -> None:
        if self.pool.turns.running or self.pool.turns.waiting or self.awaiting_load or self._loading is not None:
            raise Conflict(f"{self.name} is at work; unload it when it is idle.")
