"""Calls of several requests that wait for one engine, made together, where its work on many is less than their sum.

Each slot has a seat, which is a backend of its own to whoever holds it. What comes to the seats waits in one place; a
thread takes what is there as soon as the engine is free, and waits for nobody. The oldest call is always among those it
takes, and then the shortest, as far as the engine's limits let it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import cast

from adapters.execution.backends.backend import Backend, OwnWork
from adapters.execution.backends.batch_calls import TOGETHER, Call, chosen
from adapters.execution.backends.seat import Seat
from adapters.execution.values import Value
from stts.engine_api import STT_SAMPLE_RATE, EngineLimits, Progress
from stts.errors import EngineCrashed, EngineError
from stts.streams.closing import closing_iterator


class BatchingBackend:
    """One copy of an engine with as many seats as its limits say."""

    def __init__(self, inner: Backend, limits: EngineLimits) -> None:
        """`inner` runs the engine, one call at a time."""
        self.capacity = limits.batch
        self._inner = inner
        self._most_samples = limits.batch_seconds * STT_SAMPLE_RATE
        self._waiting: list[Call] = []
        self._running: list[Call] = []
        self._changed = threading.Condition()
        """Guards both lists, and tells of new calls."""
        self._using = threading.Lock()
        """Held by whoever uses the inner backend."""
        self._thread: threading.Thread | None = None
        self._closing = False
        self._crash: EngineCrashed | None = None
        """The end of the child, until another is loaded."""

    @property
    def ready(self) -> bool:
        return self._inner.ready

    @property
    def answered(self) -> bool:
        return self._inner.answered

    @property
    def own_work(self) -> OwnWork | None:
        return self._inner.own_work

    def seat(self, *, alone: bool = False) -> Backend:
        return Seat(self, alone=alone)

    def memory(self) -> int:
        return self._inner.memory()

    def load(self, progress: Progress) -> None:
        """Loads the engine once, however many seats ask for it at the same time."""
        with self._using:
            if not self._inner.ready:
                # Seats announce what is theirs; this is everybody's, and a kill of the last call is not for it.
                self._inner.begin_call()
                self._inner.load(progress)
                self._crash = None
            if self._thread is None:
                self._closing = False
                self._thread = threading.Thread(target=self._serve, name="batching", daemon=True)
                self._thread.start()

    def unload(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            with self._changed:
                self._closing = True
                self._changed.notify_all()
            thread.join()
        self._inner.unload()

    def call(self, method: str, values: Sequence[Value]) -> Iterator[Value]:
        return self.seat().call(method, values)

    def call_many(self, method: str, calls: Sequence[Sequence[Value]]) -> Iterator[tuple[int, Value]]:
        return self.seat().call_many(method, calls)

    def begin_call(self, traces: Sequence[str] = ()) -> None:
        self._inner.begin_call(traces)

    def interrupt(self) -> None:
        self._inner.interrupt()

    def kill(self) -> bool:
        return self._inner.kill()

    def submit(self, call: Call) -> None:
        """Raises EngineError where the engine is not loaded."""
        with self._changed:
            if self._thread is None or self._closing:
                raise EngineError("The engine is not loaded.")
            if call.left:
                call.end()
                return
            self._waiting.append(call)
            self._changed.notify_all()

    def leave(self, call: Call) -> None:
        """Ends a call that waits, and stops the engine where nobody wants any of those it works on."""
        with self._changed:
            call.left = True
            if self._drop(call):
                return
            stops = call in self._running and all(each.left for each in self._running)
        if stops:
            self._inner.interrupt()

    def end_by_force(self, call: Call) -> bool:
        """Ends a call that waits by itself, and one that runs together with those it runs with."""
        with self._changed:
            call.left = True
            if self._drop(call):
                return True
        return self._inner.kill()

    def _drop(self, call: Call) -> bool:
        """Ends a call that waits: nobody is kept by what others have made. False: it does not wait."""
        if call not in self._waiting:
            return False
        self._waiting.remove(call)
        call.end()
        return True

    def _serve(self) -> None:
        """In its own thread, until the engine is unloaded."""
        while calls := self._take():
            with self._using:
                self._make(calls)
            with self._changed:
                self._running = []

    def _take(self) -> list[Call]:
        """The next calls to be made together; none when the engine is to be unloaded."""
        with self._changed:
            while not self._waiting and not self._closing:
                self._changed.wait()
            self._running = chosen(self._waiting, self.capacity, self._most_samples)
            for call in self._running:
                self._waiting.remove(call)
            return self._running

    def _make(self, calls: Sequence[Call]) -> None:
        if self._crash is not None and not self._inner.ready:
            # They waited behind those that the child died with: it never saw them, and they can be made on another.
            for call in calls:
                call.end(_also(self._crash))
            return
        try:
            self._inner.begin_call([trace for call in calls for trace in call.traces])
            if len(calls) == 1:
                self._make_one(calls[0])
            else:
                self._make_together(calls)
        except EngineCrashed as error:
            self._crash = EngineCrashed(error.message)  # without the frames that hold its audio
            first, *others = sorted(calls, key=lambda each: each.left)
            first.end(error)
            for call in others:
                call.end(_also(error))
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to those who wait for the answer
            self._make_apart(calls, error)
        for call in calls:
            call.end()

    def _make_one(self, call: Call) -> None:
        with closing_iterator(self._inner.call(call.method, call.values)) as results:
            for result in results:
                if call.left:
                    return
                call.answers.put(("item", result))
        call.own_work = self._inner.own_work

    def _make_together(self, calls: Sequence[Call]) -> None:
        values: list[Value] = [list(call.values) for call in calls]
        with closing_iterator(self._inner.call(TOGETHER[calls[0].method], (values,))) as results:
            for number, items in cast(Iterator[tuple[int, list[Value]]], results):
                for item in items:
                    calls[number].answers.put(("item", item))
                if (own := self._inner.own_work) is not None:
                    calls[number].own_work = own._replace(together=len(calls))
                calls[number].end()
                if all(call.left or call.ended for call in calls):
                    return

    def _make_apart(self, calls: Sequence[Call], error: BaseException) -> None:
        """After an error each call is made alone, so that nobody pays for somebody else's."""
        if len(calls) == 1:
            calls[0].end(error)
            return
        for call in calls:
            if not call.ended and not call.left:
                self._make([call])


def _also(error: EngineCrashed) -> EngineCrashed:
    """The same end of the same child, for another of its calls."""
    also = EngineCrashed(error.message)
    also.__cause__ = error
    return also
