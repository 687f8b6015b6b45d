"""The seam below which engines run: calls of plain values, wherever the engine is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from adapters.execution.values import Value
from stts.engine_api import Progress


class OwnWork(NamedTuple):
    """Times of a call as the process of its engine tells them, by `time.perf_counter()`, which has one zero for all
    processes of a machine."""

    began: float
    ended: float
    """Its end, or its newest result."""
    busy: float
    """Seconds of it that the engine worked."""
    together: int = 1
    """Calls that were made at once in this time."""


class Backend(Protocol):
    """Runs an engine. `load`, `unload` and the iterators of calls block and belong into a worker thread; the rest
    returns at once, on any thread."""

    @property
    def capacity(self) -> int:
        """Calls that it runs at once."""
        ...

    @property
    def ready(self) -> bool:
        """Whether a call may run now, without a load."""
        ...

    @property
    def answered(self) -> bool:
        """Whether a result has come since the last `begin_call()`."""
        ...

    @property
    def own_work(self) -> OwnWork | None:
        """Times of the newest call, where that has a trace and a process of its own has told them."""
        ...

    def seat(self, *, alone: bool = False) -> Backend:
        """The same for the calls of one slot: what runs, interrupts and kills those, and no other's.

        `alone`: they are made together with no others, because they have cost a child already.
        """
        ...

    def memory(self) -> int:
        """Bytes that the loaded engine takes, measured. Blocks for a moment."""
        ...

    def load(self, progress: Progress) -> None:
        """Raises what goes wrong."""
        ...

    def unload(self) -> None: ...

    def call(self, method: str, values: Sequence[Value]) -> Iterator[Value]:
        """The results of a call, as they come. Closing the iterator ends the call at the engine's next yield."""
        ...

    def call_many(self, method: str, calls: Sequence[Sequence[Value]]) -> Iterator[tuple[int, Value]]:
        """The results of several calls that need not wait for each other, each with the number of its call."""
        ...

    def begin_call(self, traces: Sequence[str] = ()) -> None:
        """Announces a call, a load or an unload: a `kill()` from here on is for that one, also before it has begun.

        `traces`: the spans that it works for, as `traceparent` names them; they go to the engine's process with it.
        """
        ...

    def interrupt(self) -> None:
        """Asks the running call to end at its next yield, while a thread waits in its iterator for a result."""
        ...

    def kill(self) -> bool:
        """Ends the call that was announced last by force. False: nothing can."""
        ...
