"""An engine in this process, whose calls run in the worker threads that make them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from adapters.execution.backends.backend import OwnWork
from adapters.execution.backends.memory import give_back
from adapters.execution.memory import own_memory
from adapters.execution.service import serve, serve_many
from adapters.execution.values import Value
from stts.engine_api import Engine, Progress


class InlineBackend:
    """One loaded engine, for as many calls at once as it takes."""

    def __init__(self, engine: Engine, capacity: int) -> None:
        self._engine = engine
        self.capacity = capacity
        self.ready = False
        self.answered = False
        self.own_work: OwnWork | None = None
        self._loading = threading.Lock()
        self._growth = 0

    def seat(self, *, alone: bool = False) -> InlineBackend:
        return self

    def load(self, progress: Progress) -> None:
        """Loads the engine once, however many threads ask for it at the same time."""
        with self._loading:
            if not self.ready:
                # What others have left behind is given back before, else the growth would be less by it.
                give_back()
                before = own_memory()
                self._engine.load(progress)
                # A load leaves more behind than any call: 6 MB of Silero's 17.
                give_back()
                self._growth = max(0, own_memory() - before)
                self.ready = True

    def memory(self) -> int:
        """The growth of the process during the load: nothing tells later which engine a page belongs to."""
        return self._growth if self.ready else 0

    def unload(self) -> None:
        self.ready = False
        self._engine.unload()

    def call(self, method: str, values: Sequence[Value]) -> Iterator[Value]:
        # Nothing can kill it, so whether it has answered makes no difference to anybody.
        return serve(self._engine, method, values)

    def call_many(self, method: str, calls: Sequence[Sequence[Value]]) -> Iterator[tuple[int, Value]]:
        return serve_many(self._engine, method, calls)

    def begin_call(self, traces: Sequence[str] = ()) -> None:
        """Nothing can kill it, so there is nothing to forget; and the spans are those of this process."""

    def interrupt(self) -> None:
        """Its iterator is closed in its own thread; there is nothing else to tell."""

    def kill(self) -> bool:
        return False
