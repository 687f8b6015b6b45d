"""One engine and everything around its calls: its state, its queue, its copies and its threads.

All of it lives on the event loop; only loads, unloads and calls go to worker threads. Properties are read without
waiting. How it is loaded and fails is in lifecycle.py, how its copies are made in copies.py.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from typing import Generic, TypeVar

from pydantic import BaseModel

from adapters.execution.backends.backend import Backend
from adapters.execution.copies import Copies
from adapters.execution.lifecycle import EngineLifecycle
from adapters.execution.queue import AT_ONCE as AT_ONCE
from adapters.execution.slot import Slot
from engines.environments.environment import Environment
from engines.registry import Registry
from stts.engine_api import Engine, EngineInfo, EngineKind
from stts.engine_state import EngineState, Probe
from stts.errors import STTSError, Unavailable
from stts.settings import CurrentSettings

E = TypeVar("E", bound=Engine)

PROBE_SECONDS = 1.0
"""A probe stands behind listeners who run dry within this time."""
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
        self._registry = registry
        self._settings = settings
        self._clock = clock
        self._copies: Copies[E] = Copies(name, registry, settings(), capacity, separate=separate)
        self.engine = self._copies.engine
        """The engine as a description; never loaded where it runs in a child process. Calls go by slots."""
        self.engine_name = self._copies.engine_name
        """The engine in the registry."""
        # Most engines describe themselves anew each time; this much of it stays, and each request asks for it.
        self.kind: EngineKind = self.info.kind
        self.network = self.info.network
        """It needs a network for each call."""
        self.lifecycle = EngineLifecycle(name, self._copies, settings, clock)
        """Loads, unloads and rests; its `on_loaded` may be set."""
        self._pool = self.lifecycle.pool
        self.last_probe: Probe | None = None
        self.real_time_factor: float | None = self.info.real_time_factor
        """Engine seconds a second of audio, a moving average."""
        self.last_used = clock()
        """Time of the last load or call, on its clock."""
        self.memory = 0
        """Bytes that it took when they were last measured."""
        self._resizing = asyncio.Lock()

    @property
    def info(self) -> EngineInfo:
        """The engine's description of itself, under the name and with the settings of this instance."""
        return self._copies.info

    @property
    def environment(self) -> Environment | None:
        """The environment of its own that it has as a worker, installed or not."""
        return self._copies.environment

    @property
    def parameters(self) -> type[BaseModel]:
        return self.engine.Parameters

    @property
    def state(self) -> EngineState:
        return self.lifecycle.state

    @property
    def progress(self) -> tuple[str, float | None] | None:
        """The current step of a load, and the part done, 0..1."""
        return self.lifecycle.progress

    @property
    def failure(self) -> STTSError | None:
        """Why the last load failed, or what ended the engine's use."""
        return self.lifecycle.failure

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
        return self._pool.turns.waiting + self.lifecycle.awaiting_load

    @property
    def crashes(self) -> int:
        """Child processes that died at work since one last did what it was asked."""
        return self._pool.crashes

    @property
    def rest(self) -> float:
        """Seconds that the engine is left alone after it has failed; 0: the next call tries again."""
        return self.lifecycle.rest

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
            while len(self._copies) < copies:
                self._pool.add(self._copies.add())
            leaving = self._copies.backends[copies:]
            # One that is left half-way is not offered any more, and is unloaded with the instance.
            await asyncio.gather(*(self._remove(backend) for backend in leaving))

    async def trim(self, seconds: float) -> None:
        """Unloads copies that have had no call for so long, and keeps the one used last, and a spare."""
        if self.state == "ready":
            await self._pool.trim(self._clock() - seconds, 2 if self.info.limits.spare else 1)

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
        async with self.lifecycle.slot(deadline, begun=begun) as slot:
            self.last_used = self._clock()
            slot.queue_seconds = self.last_used - asked
            try:
                yield slot
            finally:
                self.last_used = self._clock()

    def went_well(self, slot: Slot[E]) -> None:
        """Tells that a call has done one thing of several, as the end of a call tells it of all."""
        self._pool.went_well(slot)

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
        await self.lifecycle.load()
        self.last_used = self._clock()

    @property
    def idle(self) -> bool:
        """True if it is loaded and nothing runs or waits."""
        return self.state == "ready" and not self.running and not self.waiting

    async def measure(self) -> int:
        """Measures its memory."""
        self.memory = await asyncio.to_thread(self._copies.memory) if self.state in ("loading", "ready") else 0
        return self.memory

    async def warm(self, count: int) -> None:
        """Starts instances until so many are ready, but none in the place of one that is at work. Raises as `load`."""
        await self.lifecycle.warm(count)

    async def unload(self) -> None:
        """Frees what a load took. Raises Conflict while the engine loads or works, or work waits for it."""
        await self.lifecycle.unload()
        self.memory = 0

    async def close(self) -> None:
        """Ends running calls at their next yield, by force if need be, then children and threads."""
        await self.lifecycle.close()

    async def _remove(self, backend: Backend) -> None:
        await self._pool.remove(backend)
        self._copies.backends.remove(backend)
