"""The slots of one engine: each has a backend of its own while it is held, and goes in the order of deadlines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

import structlog

from adapters.execution.backends.backend import Backend
from adapters.execution.errors import is_first, shutting_down
from adapters.execution.queue import AT_ONCE, EngineQueue
from adapters.execution.slot import Slot
from adapters.execution.threads import END, Run
from adapters.execution.worker_threads import Workers
from stts.engine_api import Engine
from stts.errors import EngineCrashed, EngineLoadFailed, EngineTimeout, STTSError
from stts.scheduling.backoff import Backoff
from stts.scheduling.deadlines import Ticket
from stts.settings import CurrentSettings

E = TypeVar("E", bound=Engine)

log = structlog.get_logger(__name__)


class SlotPool(Generic[E]):
    """`on_stuck` hears of a thread that was given up, `on_recovered` of the return of the last of them, `on_crash` of
    each child that died at work."""

    def __init__(
        self,
        name: str,
        engine: E,
        backends: Iterable[Backend],
        settings: CurrentSettings,
        clock: Callable[[], float],
        *,
        on_stuck: Callable[[STTSError], None],
        on_recovered: Callable[[], None],
        on_crash: Callable[[STTSError], None],
        replace: Callable[[Slot[E], EngineCrashed], Awaitable[None]],
    ) -> None:
        """`engine` describes what the backends run. `replace` gives a slot another for one that died."""
        self.turns = EngineQueue(0, settings, clock)
        self.stuck = 0
        """Threads that were given up and have not come back; their slots stay taken."""
        self._name = name
        self._engine = engine
        self._free: list[Backend] = []
        """Each as often as it may be used, the last is the next."""
        self._leaving: list[Backend] = []
        """Each as often as it is not to come back."""
        self._left: dict[Backend, asyncio.Future[None]] = {}
        """Done when a backend is not to be used any more."""
        self._used: dict[Backend, float] = {}
        """When each was last given back."""
        self._taken = 0
        """Uses of backends that have not been given back."""
        self._settings = settings
        self._clock = clock
        self._on_stuck = on_stuck
        self._on_recovered = on_recovered
        self._on_crash = on_crash
        self._replace = replace
        # A turn engine's answer is welcome, but nobody waits for it: replies that are being heard come first.
        self._workers = Workers(name, 0, gives_way=engine.info.kind == "turn" and engine.info.runs_in == "inline")
        self._slots: set[Slot[E]] = set()
        self._restarts = Backoff()
        self._closed = False
        self.capacity = 0
        """Slots."""
        for backend in backends:
            self.add(backend)

    @property
    def crashes(self) -> int:
        """Children that died at work since one last did what it was asked."""
        return self._restarts.failures

    @property
    def lacks_spare(self) -> bool:
        """True if the next call would have to load first."""
        return bool(self._free) and not any(backend.ready for backend in self._free)

    def add(self, backend: Backend) -> None:
        """Offers a backend's slots."""
        self._free[:0] = [backend] * backend.capacity
        self._resize(self.capacity + backend.capacity)

    async def remove(self, backend: Backend) -> None:
        """Offers a backend's slots no more, and unloads it when the last that is held has been given back.

        Raises what the unload raises.
        """
        self._leaving += [backend] * backend.capacity
        left = self._left[backend] = asyncio.get_running_loop().create_future()
        self._resize(self.capacity - backend.capacity)
        self._let_go()
        try:
            await left
        finally:
            del self._left[backend]
            self._used.pop(backend, None)
        await Slot(self._engine, backend, self._workers, self._settings).do(backend.unload, "call")

    async def trim(self, since: float, keep: int) -> None:
        """Unloads backends that have had no call since then, least recently used first, and keeps so many loaded.

        Raises what an unload raises.
        """
        while (backend := self._surplus(since, keep)) is not None:
            ticket = await self.turns.take(AT_ONCE, begun=True)
            # Nothing has happened meanwhile: one that is free is granted at once.
            self._free.remove(backend)
            self._taken += 1
            slot = Slot(self._engine, backend, self._workers, self._settings)
            try:
                await slot.do(backend.unload, "call")
            finally:
                self._take_back(slot, ticket)

    @asynccontextmanager
    async def slot(self, deadline: float, *, begun: bool, cold: bool = False) -> AsyncIterator[Slot[E]]:
        """A slot when its turn has come; its backend may need a load, and does with `cold` where one does.

        Raises Busy, and ShuttingDown after `stop`.
        """
        if self._closed:
            raise shutting_down()
        ticket = await self.turns.take(deadline, begun=begun)
        backend = self._next_backend(cold)
        slot = Slot(self._engine, backend, self._workers, self._settings, self._replace)
        self._slots.add(slot)
        try:
            yield slot
        finally:
            try:
                await slot.stop()
            finally:
                self._slots.discard(slot)
                self._take_back(slot, ticket)

    def rest(self) -> float:
        """Seconds until a backend may be loaded again: none, or more each time if backends keep dying."""
        return self._restarts.wait(self._clock())

    def exchange(self, slot: Slot[E], error: EngineCrashed) -> None:
        """Gives a slot whose child has died another copy, one that is loaded where one is free.

        However many children a call takes with it, it counts as one crash: it may be what kills them.
        """
        slot.replaced = True
        if is_first(error):
            self._restarts.failed(self._clock())
            self._on_crash(error)
        self._free.insert(0, slot.backend)
        self._taken -= 1
        slot.use(self._next_backend(cold=False))

    def went_well(self, slot: Slot[E]) -> None:
        """A call that goes on has done some of its work: a crash from here on is another one."""
        slot.replaced = False
        self._restarts.succeeded()

    def _surplus(self, since: float, keep: int) -> Backend | None:
        """The copy unused for longest, where more than `keep` are ready. One that runs many calls may be in use."""
        ready = [each for each in self._free if each.ready and each.capacity == 1 and each not in self._leaving]
        if self._closed or self.turns.waiting or len(ready) <= keep:
            return None
        oldest = min(ready, key=lambda each: self._used.get(each, 0.0))
        return oldest if self._used.get(oldest, 0.0) <= since else None

    def _resize(self, capacity: int) -> None:
        self.capacity = capacity
        self._workers.resize(capacity)
        self.turns.resize(capacity)

    def _let_go(self) -> None:
        """Takes backends that leave out of those that are free, beyond what has been promised to those who waited."""
        spare = len(self._free) - (self.turns.running - self._taken)
        for backend in [each for each in self._free if each in self._leaving][: max(spare, 0)]:
            self._free.remove(backend)
            self._leaving.remove(backend)
        for backend, left in self._left.items():
            if backend not in self._leaving and not left.done():
                left.set_result(None)

    def _next_backend(self, cold: bool) -> Backend:
        """The backend used last of those that are ready (one may have died meanwhile), or of those that are not."""
        self._taken += 1
        # The last that fits: each look at a child is a call of the system.
        fitting = (index for index in reversed(range(len(self._free))) if self._free[index].ready is not cold)
        return self._free.pop(next(fitting, -1))

    async def stop(self, timeout_seconds: float) -> None:
        """Takes no more work and ends what runs: at its next yield, by force if that takes too long."""
        self._closed = True
        self._workers.refuse()
        self.turns.refuse_waiting(shutting_down)
        for slot in self._slots:
            slot.abort()
        if settling := [slot.current.settled for slot in self._slots if slot.current is not None and slot.busy]:
            await asyncio.wait(settling, timeout=timeout_seconds)
        await asyncio.gather(*(slot.force() for slot in self._slots))

    async def close(self, unload: Callable[[], None] | None, timeout_seconds: float) -> None:
        """Ends the threads, after a last job."""
        if unload is None:
            self._workers.close()
            return
        run = Run(lambda: iter((unload(),)))
        self._workers.close(run)
        try:
            while await run.next(timeout_seconds) is not END:
                pass
        except TimeoutError:
            log.warning("unload_given_up", engine=self._name)
        if (error := run.take_error()) is not None:
            log.warning("unload_failed", engine=self._name, error=type(error).__name__)

    def _take_back(self, slot: Slot[E], ticket: Ticket) -> None:
        if slot.busy and slot.current is not None:
            self.stuck += 1
            slot.current.on_end = lambda: self._recover(slot, ticket)
            error = slot.failure or EngineTimeout(f"{self._name} said nothing for too long.")
            self._on_stuck(error)
            return
        if isinstance(slot.failure, EngineCrashed | EngineTimeout | EngineLoadFailed):
            if not slot.replaced and is_first(slot.failure):
                self._restarts.failed(self._clock())
        elif slot.failure is None and slot.has_called:
            self._restarts.succeeded()
        self._taken -= 1
        self._free.append(slot.backend)
        self._used[slot.backend] = self._clock()
        self.turns.give_back(ticket)
        self._let_go()
        if isinstance(slot.failure, EngineCrashed) and not slot.replaced and is_first(slot.failure):
            self._on_crash(slot.failure)

    def _recover(self, slot: Slot[E], ticket: Ticket) -> None:
        self.stuck -= 1
        slot.failure = None
        self._take_back(slot, ticket)
        if not self.stuck and not self._closed:
            self._on_recovered()
