"""Runs blocking iterators in threads and hands their items to the event loop.

One thread owns an iterator from its first item to its close. The hand-off is bounded, so a slow consumer stops its own
iterator and nothing else; one wake-up of the loop may deliver many items. Whoever leaves sets a flag, and the iterator
is closed in its own thread at its next yield.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections import deque
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, Final, Generic, Literal, TypeVar

from stts.streams.closing import closing_iterator

T = TypeVar("T")

BUFFER = 16
"""Items that may wait for the consumer."""


class End(Enum):
    """Returned by `Run.next()` when there are no more items."""

    END = "end"


END: Final = End.END


class Run(Generic[T]):
    """One iterator in its thread: `submit()` it, then `next()` until END, then `take_error()`.

    Made and used on the event loop, except for the call itself, which a worker makes.
    """

    def __init__(self, make: Callable[[], Iterator[T]], *, buffer: int = BUFFER) -> None:
        self._make = make
        self._buffer = buffer
        self._loop = asyncio.get_running_loop()
        self._context = contextvars.copy_context()
        self._arrived = asyncio.Event()
        self._room = threading.Condition(threading.Lock())
        # Below the lock:
        self._items: deque[T] = deque()
        self._waking = False
        self._through = False
        self.aborted = False
        self._error: BaseException | None = None
        # On the loop only:
        self.settled: asyncio.Future[None] = self._loop.create_future()
        """Done when the thread is through with it, or when it is given up."""
        self.on_end: Callable[[], None] | None = None
        """Called on the loop when the thread is through with it."""

    @property
    def ended(self) -> bool:
        """True if the thread is through with it."""
        return self._through

    async def next(self, timeout_seconds: float | None = None) -> T | Literal[End.END]:
        """The next item. Raises TimeoutError when nothing comes for so many seconds, neither an item nor `renew`."""
        while True:
            with self._room:
                if self._items:
                    self._room.notify()
                    return self._items.popleft()
                if self._through or self.settled.done():
                    return END
            self._arrived.clear()
            async with asyncio.timeout(timeout_seconds):
                await self._arrived.wait()

    def renew(self) -> None:
        """Says, on any thread, that the work goes on: whoever waits in `next` waits as long again."""
        with self._room:
            self._wake()

    def take_error(self) -> BaseException | None:
        """The error that the iterator raised, after END. Once: kept, its traceback would keep this run alive."""
        error, self._error = self._error, None
        return error

    def abort(self) -> None:
        """Ends it at its next yield, or before it begins. What it has made is dropped."""
        with self._room:
            self.aborted = True
            self._items.clear()
            self._room.notify()

    def give_up(self) -> None:
        """Nobody waits for it any more; its thread may come back or not."""
        if not self.settled.done():
            self.settled.set_result(None)
        self._arrived.set()

    def __call__(self) -> None:
        try:
            self._context.run(self._iterate)
        except BaseException as error:  # noqa: BLE001 - the one seam where foreign code raises: all of it is carried over
            self._error = error
        with self._room:
            self._through = True
            self._wake()

    def _iterate(self) -> None:
        if self.aborted:
            return
        with closing_iterator(self._make()) as iterator:
            for item in iterator:
                if not self._put(item):
                    return

    def _put(self, item: T) -> bool:
        """Waits for room. False: the consumer has left."""
        with self._room:
            while len(self._items) >= self._buffer and not self.aborted:
                self._room.wait()
            if self.aborted:
                return False
            self._items.append(item)
            self._wake()
        return True

    def _wake(self) -> None:
        if self._waking:
            return
        self._waking = True
        try:
            self._loop.call_soon_threadsafe(self._woken)
        except RuntimeError:
            # The loop is closed: nobody is left to tell.
            self.aborted = True

    def _woken(self) -> None:
        with self._room:
            self._waking = False
            through = self._through
        self._arrived.set()
        if through:
            self.give_up()
            if self.on_end is not None:
                self.on_end()


async def outlast(run: Run[Any], seconds: float) -> bool:
    """Waits so long for an aborted run to settle, whatever is cancelled meanwhile; that is raised afterwards."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    cancelled: asyncio.CancelledError | None = None
    while not run.ended and not run.settled.done() and (left := deadline - loop.time()) > 0:
        try:
            await asyncio.wait([run.settled], timeout=left)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    return run.ended or run.settled.done()
