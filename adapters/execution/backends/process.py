"""An engine in a child process that a specification describes: of this environment, or of one of its own.

The child runs one call at a time. Its death, by its own doing or by `kill()`, is the end of its socket here:
EngineCrashed for the call that ran, and a new child at the next load.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

import structlog

from adapters.execution.backends.backend import OwnWork
from adapters.execution.backends.child import Child
from adapters.execution.backends.wire import Unreadable, WorkerSpec
from adapters.execution.memory import memory_of
from adapters.execution.values import Value
from stts.engine_api import Progress
from stts.errors import EngineCrashed, EngineError
from stts.streams.closing import closing_iterator

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()

GONE = (EOFError, OSError, Unreadable)
"""Errors of reading from a child that died, or that wrote what is no answer."""


class ProcessBackend:
    """Starts its child at the first `load()`, and a new one at the next after the old one died."""

    capacity = 1

    def __init__(self, name: str, spec: Callable[[], WorkerSpec]) -> None:
        """`name`: of the engine, for messages and the log. `spec` is asked whenever a child is started."""
        self._name = name
        self._spec = spec
        self._child: Child | None = None
        self._loaded = False
        self._lock = threading.Lock()
        self._killed = False
        """True if the call that was announced last is to end by force, even if its child is not there yet."""
        self.answered = False
        self._called: Child | None = None
        """The child that makes the newest call, or has made it."""
        self._traces: Sequence[str] = ()

    @property
    def ready(self) -> bool:
        return self._loaded and self._child is not None and self._child.alive

    @property
    def own_work(self) -> OwnWork | None:
        return self._called.own_work if self._called is not None else None

    def seat(self, *, alone: bool = False) -> ProcessBackend:
        return self

    def memory(self) -> int:
        child = self._child
        return memory_of(child.pid) if child is not None and child.alive else 0

    def load(self, progress: Progress) -> None:
        self.unload()
        self._start_child()
        try:
            for step, part in self._results("load", [()]):
                progress(step, part)
        except EngineError:
            self.unload()
            raise
        self._loaded = True

    def unload(self) -> None:
        self._loaded = False
        child, self._child = self._child, None
        if child is not None:
            child.close()

    def call(self, method: str, values: Sequence[Value]) -> Iterator[Value]:
        with closing_iterator(self._results(method, [values])) as results:
            for _, result in results:
                self.answered = True
                yield result

    def call_many(self, method: str, calls: Sequence[Sequence[Value]]) -> Iterator[tuple[int, Value]]:
        """One message to the child for all of them."""
        with closing_iterator(self._results(method, calls)) as results:
            for result in results:
                self.answered = True
                yield result

    def begin_call(self, traces: Sequence[str] = ()) -> None:
        with self._lock:
            self._killed = False
        self.answered, self._called, self._traces = False, None, traces

    def interrupt(self) -> None:
        if (child := self._child) is not None:
            child.interrupt()

    def kill(self) -> bool:
        with self._lock:
            self._killed, child = True, self._child
        if child is not None:
            child.kill()
        return True

    def _start_child(self) -> None:
        """A kill that comes while it starts must not miss it."""
        child = Child(self._name, self._spec())
        with self._lock:
            self._child, killed = child, self._killed
        if killed:
            child.kill()

    def _results(self, method: str, calls: Sequence[Sequence[Value]]) -> Generator[Any, None, None]:
        """Numbered results, or the steps of a load. Raises EngineError, and EngineCrashed for the child's death."""
        child = self._called = self._child
        if child is None:
            raise EngineError(f"{self._name} is not loaded.")
        try:
            with closing_iterator(child.call(method, calls, self._traces)) as answers:
                for _, value in answers:
                    yield value
        except GONE as error:
            if not self._killed:
                # Else nobody could tell a crash of its library from a kill for want of memory.
                log.warning("engine_process_ended", engine=self._name, by=child.ended_by())
            child.kill()
            self.unload()
            raise EngineCrashed(f"The process of {self._name} died.") from error


def is_installed(spec: WorkerSpec) -> bool:
    """Whether the engine's libraries are there for the worker's interpreter. Blocks for a start; loads nothing.

    Raises OSError where that interpreter does not start, and EngineError where the engine cannot be made.
    """
    backend = ProcessBackend(spec.target, lambda: spec)
    backend._start_child()
    try:
        return all(backend.call("installed", ()))
    finally:
        backend.unload()
