"""A slot: the right to run one call at a time on an engine, for as long as it is held."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing
from typing import Any, Generic, Literal, TypeVar

from adapters.execution.backends.backend import Backend, OwnWork
from adapters.execution.client import client_of
from adapters.execution.errors import Doing, translate
from adapters.execution.lease import Lease, call_lease, load_lease
from adapters.execution.threads import BUFFER, END, End, Run, outlast
from adapters.execution.worker_threads import Workers
from stts.engine_api import Engine, Progress
from stts.errors import EngineCrashed, EngineTimeout, ShuttingDown, STTSError
from stts.settings import CurrentSettings

E = TypeVar("E", bound=Engine)
T = TypeVar("T")

KILLED_SECONDS = 5.0
"""Seconds for the thread of a killed call to notice."""


class Slot(Generic[E]):
    """Made by the instance. `run()` any number of times, one after the other."""

    queue_seconds = 0.0
    """Seconds from asking for the slot to having it, a load included."""
    load_seconds: float | None = None
    """Seconds of them for which a load was waited for; None: there was none."""

    def __init__(
        self,
        engine: E,
        backend: Backend,
        workers: Workers,
        settings: CurrentSettings,
        replace: Callable[[Slot[E], EngineCrashed], Awaitable[None]] | None = None,
    ) -> None:
        """`engine` describes what the backend runs. `replace` gives the slot another copy for one that died."""
        self._description = engine
        self._workers = workers
        self._settings = settings
        self._replace = replace
        self.trace: str | None = None
        """The span that its calls work for, as `traceparent` names it; None: nothing of them is kept."""
        self.current: Run[Any] | None = None
        """The newest call."""
        self.failure: STTSError | None = None
        """Error of the newest call; None: it succeeded."""
        self.has_called = False
        """The engine was put to work, and not only loaded."""
        self.replaced = False
        """The copy that it had at first has died, and that is counted already."""
        self.use(backend)

    def use(self, backend: Backend) -> None:
        """Runs on this copy from now on."""
        self.backend = backend
        self._seat = backend.seat(alone=self.replaced)
        self._engine = client_of(self._description, self._seat)

    @property
    def own_work(self) -> OwnWork | None:
        """Times of the newest call that the engine's own process tells of one with a trace; None: it tells none."""
        return self._seat.own_work

    @property
    def busy(self) -> bool:
        """True if a thread is still at work for this slot."""
        return self.current is not None and not self.current.ended

    async def ask(self, question: Callable[[E], T], timeout_seconds: float) -> T:
        """Returns `question(engine)`, called in a worker thread. Raises as `run` does.

        For short calls: EngineTimeout after `timeout_seconds` seconds, if that is less than `limits.first_seconds`.
        """
        self.has_called = True
        lease, engine = call_lease(self._settings().limits, timeout_seconds), self._engine

        def once() -> Iterator[T]:
            yield question(engine)

        async with aclosing(self._stream(once, "call", lease, BUFFER)) as answers:
            (answer,) = [answer async for answer in answers]
        return answer

    def run(
        self, work: Callable[[E], Iterator[T]], ahead: int = BUFFER, *, once: bool = False
    ) -> AsyncGenerator[T, None]:
        """The items of `work(engine)`, made in a worker thread, at most so many `ahead` of the consumer.

        Raises errors of stts.errors only. A consumer that leaves closes the iterator at its next yield, and `aclose()`
        returns when that has happened. Raises EngineTimeout when the engine is waited for longer than `limits` allow.

        A child that dies before it has answered anything costs no call: the work is begun again on another copy, once.
        `once`: it must not be, since it has read on by then.
        """
        self.has_called = True
        return self._run_once(work, ahead) if once else self._run_again(work, ahead)

    async def do(self, function: Callable[[], object], doing: Doing) -> None:
        """Runs a load or an unload in a worker thread, within `limits.load_seconds`. Raises as `run` does."""

        def once() -> Iterator[object]:
            yield function()

        async with aclosing(self._stream(once, doing, load_lease(self._settings().limits), BUFFER)) as results:
            async for _ in results:
                pass

    async def load(self, load: Callable[[Progress], None], progress: Progress) -> None:
        """Runs a load as `do` does; each step that it reports gives it as much time again."""
        last: tuple[str, float | None] | None = None

        def report(step: str, part: float | None) -> None:
            nonlocal last
            if (step, part) != last and self.current is not None:
                last = (step, part)
                progress(step, part)
                self.current.renew()

        await self.do(lambda: load(report), "load")

    def abort(self) -> None:
        """Ends the newest call at its next yield; does not wait for that."""
        if self.current is not None and self.busy:
            self.current.abort()
            self._seat.interrupt()

    async def stop(self) -> None:
        """Ends the newest call at its next yield, by force if that does not come in time."""
        run = self.current
        if run is None or run.settled.done():
            return
        self.abort()
        if not await outlast(run, self._settings().limits.call_seconds):
            await self.force()

    async def force(self) -> None:
        """Ends a call that says nothing any more: a child is killed, a thread is given up."""
        run = self.current
        if run is None or run.ended:
            return
        run.abort()
        if self._seat.kill():
            await outlast(run, KILLED_SECONDS)
        run.give_up()

    def _run_once(self, work: Callable[[E], Iterator[T]], ahead: int) -> AsyncGenerator[T, None]:
        lease, engine = call_lease(self._settings().limits), self._engine
        # Not through self, which holds the call: what the work holds, a filter graph say, is to go when it ends.
        return self._stream(lambda: work(engine), "call", lease, ahead)

    async def _run_again(self, work: Callable[[E], Iterator[T]], ahead: int) -> AsyncGenerator[T, None]:
        try:
            async with aclosing(self._run_once(work, ahead)) as items:
                async for item in items:
                    yield item
            return
        except EngineCrashed as error:
            if self._replace is None or self.replaced or self._seat.answered:
                raise
            await self._replace(self, error)
        async with aclosing(self._run_once(work, ahead)) as items:
            async for item in items:
                yield item

    async def _stream(
        self, make: Callable[[], Iterator[T]], doing: Doing, lease: Lease, ahead: int
    ) -> AsyncGenerator[T, None]:
        if self.busy:
            raise RuntimeError("A slot runs one call at a time.")
        self.failure = None
        self._seat.begin_call(() if self.trace is None else (self.trace,))
        run = Run(make, buffer=ahead)
        self._workers.submit(run)
        self.current = run
        try:
            while (item := await self._next(run, lease)) is not END:
                yield item
            self._raise_failure(run, doing)
        finally:
            await self.stop()

    async def _next(self, run: Run[T], lease: Lease) -> T | Literal[End.END]:
        try:
            return await lease.within(run.next)
        except TimeoutError:
            self.failure = EngineTimeout(f"{self._engine.info.name} {lease.exceeded()}.")
            await self.force()
            raise self.failure from None

    def _raise_failure(self, run: Run[Any], doing: Doing) -> None:
        if run.aborted:
            raise ShuttingDown("The server is stopping.")
        error = run.take_error()
        if error is None:
            return
        self.failure = translate(error, self._engine, doing)
        if self.failure is error:
            raise error
        raise self.failure from error
