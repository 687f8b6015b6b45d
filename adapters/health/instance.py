"""The health of one engine instance: its calls at work, what was measured of them, and its circuit breaker."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from adapters.execution.slot import Slot
from stts.analytics.engine_statistics import Statistics
from stts.context import RequestContext
from stts.engine_api import Engine, EngineKind
from stts.errors import STTSError
from stts.scheduling.breaker import Breaker

if TYPE_CHECKING:
    from stts.telemetry.spans import Span

E = TypeVar("E", bound=Engine)


class Call:
    """One call at work in a slot: `with` it, and tell it each item."""

    __slots__ = ("_began", "_health", "_last", "_measured", "owner", "slot")

    def __init__(self, health: InstanceHealth, owner: object, slot: Slot[Any], *, measured: bool) -> None:
        self._health = health
        self.owner = owner
        self.slot = slot
        self._measured = measured
        self._last = health.clock()
        self._began = 0.0

    def __enter__(self) -> Call:
        self._last = self._health.clock()
        self._began = time.perf_counter()
        self._health.calls.add(self)
        if (span := _span_of(self.owner)) is not None:
            self.slot.trace = span.working(self._health.name, self._began)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._health.calls.discard(self)
        if (span := _span_of(self.owner)) is not None:
            code = error.code if isinstance(error, STTSError) else None
            span.worked(self._health.name, self._began, self.slot.own_work, code)

    def item(self) -> None:
        """Another result has come."""
        now = self._health.clock()
        if self._measured:
            self._measured = False
            self._health.statistics.first(now - self._last)
        self._last = now

    def silence(self, now: float) -> float:
        """Seconds since its last item, or since it began."""
        return now - self._last


class InstanceHealth:
    """Made once for each instance. `clock`: monotonic seconds."""

    def __init__(self, name: str, kind: EngineKind, clock: Callable[[], float]) -> None:
        self.name = name
        self.kind = kind
        self.clock = clock
        self.statistics = Statistics()
        self.breaker = Breaker()
        self.calls: set[Call] = set()
        """Calls at work, those that were given up and have not come back among them."""
        self._waiting: Counter[int] = Counter()
        """Owners that wait for a slot, by identity."""

    def call(self, owner: object, slot: Slot[Any], *, first: bool) -> Call:
        """A call for this owner. `first`: it is the owner's first, whose first item is measured."""
        return Call(self, owner, slot, measured=first)

    def silence(self, owner: object) -> float:
        """Seconds for which the engine has said nothing to this owner, though at work; 0 where it is not at work.

        An owner that waits for its turn has the silence of the call that gave the last sign of life; one that wants
        nothing of the engine at the moment has none, whatever becomes of others.
        """
        now = self.clock()
        own = [call for call in self.calls if call.owner is owner]
        counted = own or (self.calls if self._waiting[id(owner)] else ())
        return min((call.silence(now) for call in counted), default=0.0)

    @asynccontextmanager
    async def waited(self, owner: object, slot: AbstractAsyncContextManager[Slot[E]]) -> AsyncIterator[Slot[E]]:
        """The slot, for which the owner is known to wait until it has it."""
        async with AsyncExitStack() as held:
            self._waiting[id(owner)] += 1
            began = time.perf_counter()
            try:
                found = await held.enter_async_context(slot)
            finally:
                self._waiting[id(owner)] -= 1
                if not self._waiting[id(owner)]:
                    del self._waiting[id(owner)]
                if (span := _span_of(owner)) is not None:
                    span.waited(began)
            yield found

    async def force(self, owner: object) -> None:
        """Ends the calls of an owner that has given up: a child is killed, a thread is left to itself."""
        for call in [call for call in self.calls if call.owner is owner]:
            await call.slot.force()


def _span_of(owner: object) -> Span | None:
    """The span of the operation that an owner is, where traces are kept."""
    return owner.span if isinstance(owner, RequestContext) else None
