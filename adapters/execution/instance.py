"""One engine and everything around its calls: its state, its queue, its backends and its threads.

All of it lives on the event loop; only loads, unloads and calls go to worker threads. Loads and unloads exclude each
other, and an unload excludes calls. Properties are read without waiting.
"""

from __future__ import annotations

import asyncio
import math
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Generic, TypeVar

import structlog
from pydantic import BaseModel

from adapters.execution.backends.backend import Backend
from adapters.execution.backends.process import ProcessBackend
from adapters.execution.backends.spare import Spare
from adapters.execution.backends.thread import ThreadBackend
from adapters.execution.backends.wire import WorkerSpec
from adapters.execution.errors import plain
from adapters.execution.pool import SlotPool, shutting_down
from adapters.execution.slot import Slot
from engines.registry import Registry
from stts.engine_api import Engine, EngineInfo
from stts.engine_state import EngineState, Probe
from stts.errors import Busy, Conflict, EngineCrashed, EngineError, EngineNotInstalled, STTSError, Unavailable
from stts.scheduling.backoff import Backoff
from stts.settings import CurrentSettings

E = TypeVar("E", bound=Engine)

log: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)

AT_ONCE = -math.inf
"""A deadline before all others."""
PROBE_SECONDS = 1.0
"""A probe stands behind listeners who run dry within this time."""
CLOSE_SECONDS = 5.0
"""Seconds for calls that still run at the end to come to their next yield."""
CRASH_LOOP = 3
"""Children that died at work, one after the other, after which the engine is left alone for a while."""
SMOOTHING = 0.2
"""Weight of the newest observation in the moving average of the real-time factor."""
SHORTEST_OBSERVED = 0.05
"""Seconds of audio below which a call says little about the engine's speed."""


class EngineInstance(Generic[E]):
    """Made once for each engine. Raises UnknownEngine, InvalidConfiguration, and whatever its module's import does."""

    def __init__(
        self,
        name: str,
        registry: Registry,
        settings: CurrentSettings,
        *,
        capacity: int | None = None,
        separate: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`capacity`: slots at once, if not the engine's own `limits.concurrency`. `separate`: each on an instance of
        its own also where the engine runs in threads."""
        self.name = name
        self._declared = settings().engines.instance(name)
        self.engine_name = self._declared.engine
        """The engine in the registry."""
        self.engine: E = registry.create(  # type: ignore[assignment]
            self.engine_name,
            self._declared.options,
            key=settings().engines.options_key(name),
            model_folders=settings().models.searched,
        )
        """The engine as a description; never loaded where it runs in a child process. Calls go by slots."""
        self.state: EngineState = "cold" if self.engine.installed() else "not_installed"
        self.progress: tuple[str, float | None] | None = None
        """The current step of a load, and the part done, 0..1."""
        self.failure: STTSError | None = None
        """Why the last load failed, or what ended the engine's use."""
        self.last_probe: Probe | None = None
        self.real_time_factor: float | None = self.info.real_time_factor
        """Engine seconds a second of audio, a moving average."""
        self.on_loaded: Callable[[], None] | None = None
        """Called after each load."""
        self._registry = registry
        self._settings = settings
        self._clock = clock
        self._capacity = capacity or self.info.limits.concurrency
        self._separate = separate
        self._backends = [self._make_backend(first=number == 0) for number in range(self._first_copies)]
        self._pool = SlotPool(
            name,
            self.engine,
            self._backends,
            settings,
            clock,
            on_stuck=self._stuck,
            on_recovered=self._recovered,
            on_crash=self._crashed,
        )
        self._spare = Spare(name, self._start_spare)
        self._lifecycle = asyncio.Lock()
        self._resizing = asyncio.Lock()
        self._loading: asyncio.Task[None] | None = None
        self._awaiting_load = 0
        self._loads = Backoff()
        self._closed = False

    @property
    def info(self) -> EngineInfo:
        """The engine's description of itself, under the name and with the settings of this instance."""
        info = self.engine.info
        runs_in = self._declared.runs_in or info.runs_in
        if (info.name, info.runs_in) == (self.name, runs_in):
            return info
        return replace(info, name=self.name, runs_in=runs_in)

    @property
    def parameters(self) -> type[BaseModel]:
        return self.engine.Parameters

    @property
    def slots(self) -> int:
        """Calls that may run at once."""
        return self._pool.capacity

    @property
    def running(self) -> int:
        """Slots in use."""
        return self._pool.turns.running

    @property
    def waiting(self) -> int:
        """Requests that wait for a slot or for the load."""
        return self._pool.turns.waiting + self._awaiting_load

    @property
    def crashes(self) -> int:
        """Child processes that died at work since one last did what it was asked."""
        return self._pool.crashes

    @property
    def rest(self) -> float:
        """Seconds that the engine is left alone after it has failed; 0: the next call tries again."""
        if self.state != "failed":
            return 0.0
        return max(self._loads.wait(self._clock()), self._pool.rest())

    def copies(self, count: int) -> EngineInstance[E]:
        """Another instance of the same engine, with so many instances that have nothing in common."""
        return EngineInstance(
            self.name, self._registry, self._settings, capacity=count, separate=True, clock=self._clock
        )

    async def resize(self, copies: int) -> None:
        """Runs so many copies of the engine from now on: child processes, or loaded engines in threads.

        Those that go finish what they do; returns when they are unloaded. One that comes is loaded by the first call
        that gets it. Raises ValueError for less than one.
        """
        if copies < 1:
            raise ValueError("An engine has at least one copy.")
        async with self._resizing:
            while len(self._backends) < copies:
                self._backends.append(self._make_backend(first=False))
                self._pool.add(self._backends[-1])
            leaving = self._backends[copies:]
            # One that is left half-way is not offered any more, and is unloaded with the instance.
            await asyncio.gather(*(self._remove(backend) for backend in leaving))

    def observe(self, audio_seconds: float, engine_seconds: float) -> None:
        """Tells how long the engine worked for so much audio."""
        if audio_seconds < SHORTEST_OBSERVED:
            return
        factor = engine_seconds / audio_seconds
        old = self.real_time_factor
        self.real_time_factor = factor if old is None else old + SMOOTHING * (factor - old)

    @asynccontextmanager
    async def slot(self, deadline: float, *, begun: bool = False) -> AsyncIterator[Slot[E]]:
        """The right to run calls, in the order of deadlines (on its clock); loads the engine first if needed.

        Raises Busy when the queue or the wait is too long, and what a load raises. At exit a call that still runs is
        ended at its next yield and the slot is free.
        """
        asked = self._clock()
        if self.state != "ready":
            await self._load_for_call()
        async with self._pool.slot(deadline, begun=begun) as slot:
            if not slot.backend.ready:
                await self._restart(slot)
            slot.queue_seconds = self._clock() - asked
            self._keep_spare()
            yield slot

    async def probe(self, work: Callable[[E], Iterator[object]]) -> Probe:
        """Runs a real call and records how it went. What fails is told in the result, not raised."""
        started = self._clock()
        error: STTSError | None = None
        try:
            async with self.slot(started + PROBE_SECONDS) as slot, aclosing(slot.run(work)) as items:
                async for _ in items:
                    pass
        except STTSError as caught:
            error = caught
        probe = Probe(error is None, time.time(), self._clock() - started, error.code if error else None)
        if not isinstance(error, Unavailable):
            self.last_probe = probe
        return probe

    async def load(self) -> None:
        """Loads the engine unless it is loaded. All who call meanwhile wait for the one load; none can cancel it.

        Raises what went wrong as EngineError; the next call tries again.
        """
        if self.state == "ready":
            return
        if self._loading is None:
            if self._closed:
                raise shutting_down()
            if self._pool.stuck and self.failure is not None:
                raise plain(self.failure)
            self._loading = asyncio.create_task(self._load(), name=f"load {self.name}")
            self._loading.add_done_callback(self._load_ended)
        await asyncio.shield(self._loading)

    async def warm(self, count: int) -> None:
        """Starts instances until so many are ready, but none in the place of one that is at work. Raises as `load`."""
        if self.state != "ready":
            await self._load_for_call()
        while sum(backend.ready for backend in self._backends) < count and self.running < self._pool.capacity:
            async with self._pool.slot(AT_ONCE, begun=True, cold=True) as slot:
                if slot.backend.ready:
                    return
                await self._restart(slot)

    async def unload(self) -> None:
        """Frees what a load took. Raises Conflict while the engine loads or works, or work waits for it."""
        await self._spare.end()
        self._require_idle()
        async with self._lifecycle:
            self._require_idle()
            if self.state not in ("ready", "failed"):
                return
            self.state, self.failure = "cold", None
            async with self._pool.slot(AT_ONCE, begun=True) as slot:
                await slot.do(self._unload_backends, "call")

    async def close(self) -> None:
        """Ends running calls at their next yield, by force if need be, then children and threads."""
        if self._closed:
            return
        self._closed = True
        await self._spare.end()
        await self._pool.stop(CLOSE_SECONDS)
        if self._loading is not None:
            await asyncio.wait([self._loading])
        loaded = self.state in ("ready", "failed") and not self._pool.stuck
        await self._pool.close(self._unload_backends if loaded else None, CLOSE_SECONDS)
        self.state = "failed" if self._pool.stuck else "cold"

    @property
    def _first_copies(self) -> int:
        """Copies of the engine at the start: the operator's number, else one, or one for each slot."""
        if self._separate:
            return self._capacity
        return self._declared.copies or (self._capacity if self.engine.info.runs_in == "process" else 1)

    def _make_backend(self, *, first: bool) -> Backend:
        """One more copy of the engine; the first in a thread is the one that describes it."""
        options = self._declared.options
        if self.info.runs_in == "process":
            target = self._registry.target(self.engine_name)
            spec = WorkerSpec(
                Path(sys.executable),
                target,
                options,
                self.engine.options_key,
                self.engine.model_folders,
                self.engine.known_models,
            )
            return ProcessBackend(self.name, spec)
        engine = self.engine if first else self._another_engine()
        # Of an engine made for processes `limits.concurrency` counts those: one copy runs one call at a time.
        alone = self._separate or self.engine.info.runs_in == "process"
        return ThreadBackend(engine, 1 if alone else self._capacity)

    def _another_engine(self) -> Engine:
        return self._registry.create(
            self.engine_name,
            self._declared.options,
            key=self.engine.options_key,
            model_folders=self.engine.model_folders,
        )

    async def _load(self) -> None:
        async with self._lifecycle, self._pool.slot(AT_ONCE, begun=True) as slot:
            self.state, self.failure = "loading", None
            try:
                if not slot.backend.ready:
                    await slot.do(lambda: self._load_backend(slot.backend), "load")
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
        if self._awaiting_load >= self._settings().limits.queue_length:
            raise Busy("Too many requests wait for this engine to load.", retry_after=self._pool.turns.retry_after())
        self._awaiting_load += 1
        try:
            await self.load()
        finally:
            self._awaiting_load -= 1

    async def _restart(self, slot: Slot[E]) -> None:
        """Another child process, or one in the place of one that died: soon, or later if that keeps happening."""
        await asyncio.sleep(self._pool.rest())
        try:
            await slot.do(lambda: self._load_backend(slot.backend), "load")
        except EngineError as error:
            if not any(backend.ready for backend in self._backends):
                self._fail(error)
            raise
        finally:
            self.progress = None

    async def _remove(self, backend: Backend) -> None:
        await self._pool.remove(backend)
        self._backends.remove(backend)

    def _load_backend(self, backend: Backend) -> None:
        """In a worker thread."""
        self.engine.require_installed()
        backend.load(self._report)

    def _unload_backends(self) -> None:
        """In a worker thread."""
        for backend in self._backends:
            backend.unload()

    def _report(self, step: str, part: float | None) -> None:
        self.progress = (step, part)

    def _fail(self, error: STTSError) -> None:
        self.state = "not_installed" if isinstance(error, EngineNotInstalled) else "failed"
        self.failure, self.progress = plain(error), None
        self._loads.failed(self._clock())

    def _keep_spare(self) -> None:
        if self.info.limits.spare and self.state == "ready" and not self._closed and self._pool.lacks_spare:
            self._spare.want()

    async def _start_spare(self) -> None:
        await asyncio.sleep(self._pool.rest())
        async with self._pool.slot(AT_ONCE, begun=True) as slot:
            if not slot.backend.ready:
                await self._restart(slot)

    def _crashed(self, error: STTSError) -> None:
        """A child died at work: chance, unless it happens again and again."""
        if self.crashes < CRASH_LOOP:
            self._keep_spare()
            return
        name, count = self.info.name, self.crashes
        self._fail(EngineCrashed(f"The process of {name} died {count} times in a row, and is left alone for a while."))
        log.warning("engine_crashes", engine=self.name, crashes=count, rest=round(self.rest, 1))

    def _stuck(self, error: STTSError) -> None:
        """A thread was given up, and nobody may call into an engine in that state."""
        self._fail(error)
        self._pool.turns.refuse_waiting(lambda: plain(error))

    def _recovered(self) -> None:
        """The thread came back after all, so the engine was only slow."""
        self.state, self.failure = "ready" if self._backends[0].ready else "cold", None

    def _require_idle(self) -> None:
        if self.running or self.waiting or self._loading is not None:
            raise Conflict(f"{self.name} is at work; unload it when it is idle.")
