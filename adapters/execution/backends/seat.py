"""A seat: the backend of one slot at an engine whose calls are made together with those of others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from adapters.execution.backends.backend import Backend, OwnWork
from adapters.execution.backends.batch_calls import Call
from adapters.execution.values import Value
from stts.engine_api import Progress
from stts.streams.closing import closing_iterator


class SharedBackend(Backend, Protocol):
    """A backend that makes calls of several seats together."""

    def submit(self, call: Call) -> None:
        """Raises EngineError where the engine is not loaded."""

    def leave(self, call: Call) -> None:
        """Ends a call, and those it runs with where nobody wants any of them."""

    def end_by_force(self, call: Call) -> bool:
        """Ends a call, with those it runs with."""


class Seat:
    """A backend for one slot: its calls, and nobody else's."""

    capacity = 1

    def __init__(self, shared: SharedBackend, *, alone: bool) -> None:
        self._shared = shared
        self._alone = alone
        self._traces: Sequence[str] = ()
        self._call: Call | None = None
        self.answered = False
        self.own_work: OwnWork | None = None
        """Times of its newest call, from the beginning of those that it was made together with."""

    @property
    def ready(self) -> bool:
        return self._shared.ready

    def seat(self, *, alone: bool = False) -> Backend:
        return self

    def memory(self) -> int:
        return self._shared.memory()

    def load(self, progress: Progress) -> None:
        self._shared.load(progress)

    def unload(self) -> None:
        self._shared.unload()

    def call(self, method: str, values: Sequence[Value]) -> Iterator[Value]:
        call = self._call = Call(method, values, alone=self._alone, traces=self._traces)
        self._shared.submit(call)
        try:
            while (answer := call.answers.get())[0] != "end":
                if answer[0] == "error":
                    raise answer[1]
                self.answered = True
                yield answer[1]
        finally:
            self._call, self.own_work = None, call.own_work
            if not call.ended:
                self._shared.leave(call)

    def call_many(self, method: str, calls: Sequence[Sequence[Value]]) -> Iterator[tuple[int, Value]]:
        for number, values in enumerate(calls):
            with closing_iterator(self.call(method, values)) as results:
                for result in results:
                    yield number, result

    def begin_call(self, traces: Sequence[str] = ()) -> None:
        self._traces = traces
        self.answered, self.own_work = False, None

    def interrupt(self) -> None:
        if (call := self._call) is not None:
            self._shared.leave(call)

    def kill(self) -> bool:
        call = self._call
        return self._shared.kill() if call is None else self._shared.end_by_force(call)
