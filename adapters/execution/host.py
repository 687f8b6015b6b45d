"""EngineHost: one engine with its state, its queue and its worker threads. All that an engine does, it does in a slot.

    async with host.slot(deadline) as slot:
        async with aclosing(slot.run(work)) as items:
            async for item in items: ...

`work(engine)` is a blocking generator. When `aclose()` returns, the engine has stopped and the slot is free.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from typing import Generic, TypeVar, cast

from pydantic import BaseModel

from adapters.execution.process import ProcessEngine
from adapters.execution.scheduler import Scheduler, Ticket
from adapters.execution.thread import HANDED_ITEMS, Run, Workers
from adapters.execution.translate import translate
from engines.registry import Registry
from stts.engine_api import Engine, EngineInfo
from stts.errors import Conflict, EngineTimeout, STTSError
from stts.settings import CurrentSettings
from stts.types import EngineState, Probe

E = TypeVar("E", bound=Engine)
T = TypeVar("T")

FIRST_RELOAD_SECONDS = 5.0
LONGEST_RELOAD_SECONDS = 300.0
"""A broken engine is not loaded again for every request, but after a pause that doubles between these."""

BACKGROUND = float("inf")
"""The deadline of work that nobody waits for."""

SMOOTHING = 0.2
"""Weight of the newest piece in the real-time factor."""

SHORTEST_MEASURED_SECONDS = 0.05
"""Shorter audio says nothing about speed."""


class EngineHost(Generic[E]):
    def __init__(
        self,
        name: str,
        registry: Registry,
        settings: CurrentSettings,
        *,
        capacity: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`capacity` replaces the engine's own concurrency. Raises what the registry raises."""
        self.name = name
        self.engine: E = cast(E, registry.create(name, settings().engines.options.get(name)))
        """The engine as it describes itself; its calls go through slots."""
        self.failure: STTSError | None = None
        self.progress: tuple[str, float | None] | None = None
        """What a load is doing, and the part done."""
        self.last_probe: Probe | None = None
        self.real_time_factor: float | None = None
        """Seconds of work for a second of audio, smoothed; None until measured."""
        self._settings = settings
        self._clock = clock
        self._workers = Workers(name)
        self._scheduler = Scheduler(capacity or self.info.limits.concurrency)
        self._turns: dict[Ticket, asyncio.Future[None]] = {}
        self._loading: asyncio.Task[None] | None = None
        self._loaded = False
        self._failed_loads = 0
        self._reload_at = 0.0
        self._worker: E = self.engine
        """What the calls are made on: the engine, or its stand-in."""
        if self.info.runs_in == "process":
            self._worker = cast(E, ProcessEngine(self.engine, registry.target(name), lambda: settings().limits))

    @property
    def info(self) -> EngineInfo:
        return self.engine.info

    @property
    def parameters(self) -> type[BaseModel]:
        return self.engine.Parameters

    @property
    def state(self) -> EngineState:
        if self._loading is not None:
            return "loading"
        if self.failure is not None:
            return "failed"
        if self._loaded:
            return "ready"
        return "cold" if self.engine.installed() else "not_installed"

    @property
    def running(self) -> int:
        return self._scheduler.running

    @property
    def waiting(self) -> int:
        return self._scheduler.waiting

    def observe(self, audio_seconds: float, engine_seconds: float) -> None:
        """Tells how long the engine took for so much audio."""
        if audio_seconds < SHORTEST_MEASURED_SECONDS:
            return
        factor = engine_seconds / audio_seconds
        before = self.real_time_factor
        self.real_time_factor = factor if before is None else before + SMOOTHING * (factor - before)

    async def load(self) -> None:
        """Loads the engine unless it is loaded; joins a load under way, which goes on if the caller leaves."""
        if self._loaded and self.failure is None:
            return
        if self._loading is None:
            self.engine.require_installed()
            self._loading = asyncio.create_task(self._load(), name=f"load {self.name}")
            self._loading.add_done_callback(self._load_ended)
        await asyncio.shield(self._loading)

    async def unload(self) -> None:
        """Frees the engine's memory. Raises Conflict while it loads or works."""
        if self._loading is not None or self.running:
            raise Conflict(f"{self.name} is at work; try again when it is not.")
        loaded, self._loaded, self.failure = self._loaded, False, None
        if loaded:
            await self._in_thread(self._worker.unload)

    @asynccontextmanager
    async def slot(self, deadline: float, *, begun: bool = False) -> AsyncIterator[Slot[E]]:
        """Waits for the turn of one piece of work, due at `deadline` (`time.monotonic()` seconds).

        A stream that has `begun` to play is never refused. Raises Busy if the queue is full or the wait too long, and
        what `load` raises. The slot is free when the context ends and the engine has come to its next yield.
        """
        await self._available()
        limits = self._settings().limits
        arrived = self._clock()
        ticket = self._scheduler.submit(arrived, deadline, begun=begun, queue_length=limits.queue_length)
        slot = Slot(self._worker, self._workers, self._settings, self._hung)
        try:
            await self._turn(ticket, None if begun else limits.queue_seconds)
            slot.queue_seconds = self._clock() - arrived
            yield slot
        finally:
            slot.leave(lambda: self._finish(ticket))
            await slot.stopped()

    async def probe(self, work: Callable[[E], Iterator[object]]) -> Probe:
        """Really runs the engine once, behind everybody who waits for it. Loads it first; errors are in the result."""
        started, error = self._clock(), None
        try:
            async with self.slot(BACKGROUND, begun=True) as slot, aclosing(slot.run(work)) as items:
                async for _ in items:
                    pass
        except STTSError as failed:
            error = failed.code
        self.last_probe = Probe(error is None, time.time(), self._clock() - started, error)
        return self.last_probe

    async def close(self) -> None:
        """Ends what this host has started. Work under way is not waited for."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.wait((self._loading,))
        if self._loaded and not self.running:
            self._loaded = False
            await self._in_thread(self._worker.unload)
        self._workers.close()

    async def _available(self) -> None:
        if self.failure is not None and self._loading is None and self._clock() < self._reload_at:
            raise self.failure
        await self.load()

    async def _load(self) -> None:
        self.progress = ("loading", None)
        try:
            await self._in_thread(lambda: self._worker.load(self._progressed))
        except TimeoutError as error:
            raise self._failed(EngineTimeout(f"{self.name} took longer than limits.load_seconds to load.")) from error
        except Exception as error:
            raise self._failed(translate(error, self.info, "load")) from error
        self._loaded, self.failure, self._failed_loads = True, None, 0

    def _failed(self, error: STTSError) -> STTSError:
        pause = min(FIRST_RELOAD_SECONDS * 2**self._failed_loads, LONGEST_RELOAD_SECONDS)
        self._failed_loads += 1
        self._reload_at = self._clock() + pause
        self._loaded, self.failure = False, error
        return error

    def _load_ended(self, task: asyncio.Task[None]) -> None:
        self._loading = self.progress = None
        if not task.cancelled():
            task.exception()  # every caller has had it, and a load nobody waits for any more is not a fault

    def _progressed(self, step: str, part: float | None) -> None:
        self.progress = (step, part)

    def _hung(self) -> None:
        """A thread that does not come back keeps its slot; the engine is not trusted until it is loaded again."""
        if self._worker is self.engine:
            self._failed(EngineTimeout(f"{self.name} did not answer in time."))

    async def _turn(self, ticket: Ticket, patience: float | None) -> None:
        turn = self._turns[ticket] = asyncio.get_running_loop().create_future()
        self._next()
        try:
            async with asyncio.timeout(patience):
                await turn
        except TimeoutError as error:
            raise self._scheduler.busy("This engine has had no time for the request.") from error
        finally:
            del self._turns[ticket]

    def _next(self) -> None:
        for ticket in self._scheduler.start(self._clock()):
            turn = self._turns[ticket]
            if not turn.done():  # who has just given up gives the slot back when told of it
                turn.set_result(None)

    def _finish(self, ticket: Ticket) -> None:
        self._scheduler.finish(ticket, self._clock())
        self._next()

    async def _in_thread(self, call: Callable[[], object]) -> None:
        """Loading and unloading, in a worker thread like everything the engine does."""

        def work() -> Iterator[None]:
            call()
            yield None

        run = Run(self._workers, work, lambda: None)
        async with aclosing(run.items(self._settings().limits.load_seconds)) as items:
            async for _ in items:
                pass


class Slot(Generic[E]):
    """The right to make the engine work, for as long as the context of `EngineHost.slot` lasts."""

    def __init__(self, engine: E, workers: Workers, settings: CurrentSettings, hung: Callable[[], None]) -> None:
        self.queue_seconds = 0.0
        """How long it was waited for."""
        self._engine = engine
        self._workers = workers
        self._settings = settings
        self._hung = hung
        self._runs = 0
        self._stopped = asyncio.Event()
        self._stopped.set()
        self._release: Callable[[], None] | None = None
        self._gave_up = False

    async def run(self, work: Callable[[E], Iterator[T]], ahead: int = HANDED_ITEMS) -> AsyncGenerator[T, None]:
        """The items of the work, which may be so many items `ahead` of the consumer.

        Raises the engine's errors, translated, and EngineTimeout when it is silent for limits.call_seconds.
        """
        run: Run[T] = Run(self._workers, lambda: work(self._engine), self._ended, ahead)
        self._runs += 1
        self._stopped.clear()
        silence = self._settings().limits.call_seconds
        try:
            async with aclosing(run.items(silence)) as items:
                async for item in items:
                    yield item
        except TimeoutError as error:
            self._gave_up = True
            self._hung()
            raise EngineTimeout(f"{self._engine.info.name} did not answer in time.") from error
        except STTSError:
            raise
        except Exception as error:
            raise translate(error, self._engine.info, "call") from error
        finally:
            run.abort()
            await self.stopped()

    def leave(self, release: Callable[[], None]) -> None:
        """`release` is called when the engine has stopped: now, or at its next yield."""
        self._release = release
        if not self._runs:
            release()

    async def stopped(self) -> None:
        """Waits until the engine has stopped, unless it was given up."""
        if not self._gave_up:
            await self._stopped.wait()

    def _ended(self) -> None:
        self._runs -= 1
        if not self._runs:
            self._stopped.set()
            if self._release is not None:
                self._release()
