"""One attempt of an engine at a request: a stream whose items are waited for, but not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from enum import Enum
from typing import Any, Final, Generic, Literal, TypeVar

import structlog

Item = TypeVar("Item")

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class End(Enum):
    """Returned in place of an item when there are no more."""

    END = "end"


END: Final = End.END


class Overdue(Exception):
    """The next item was waited for long enough."""


class Attempt(Generic[Item]):
    """A stream that is read item by item. Close it, also after it was given up."""

    def __init__(self, stream: AsyncGenerator[Item, None]) -> None:
        self._stream = stream
        self._pending: asyncio.Future[Item | Literal[End.END]] | None = None
        self._given_up = False

    async def within(self, left: Callable[[], float]) -> Item | Literal[End.END]:
        """The next item. Raises Overdue when `left()`, the seconds to wait before it is asked again, says 0."""
        pending = self._pending = asyncio.ensure_future(self.next())
        while not pending.done():
            seconds = left()
            if seconds <= 0.0:
                raise Overdue
            await asyncio.wait((pending,), timeout=seconds)
        self._pending = None
        return pending.result()

    async def next(self) -> Item | Literal[End.END]:
        return await anext(self._stream, END)

    async def aclose(self) -> None:
        """Returns when nothing of it is at work any more, or at once if it was given up."""
        if not self._given_up:
            await self._end()

    def give_up(self, leftovers: Leftovers, force: Callable[[], Awaitable[None]], seconds: float) -> None:
        """Leaves its end to the leftovers: the engine may not answer for long. By force after so many seconds."""
        self._given_up = True
        leftovers.add(self._end(), force, seconds)

    async def _end(self) -> None:
        if self._pending is not None:
            self._pending.cancel()
            await asyncio.wait((self._pending,))
        await self._stream.aclose()


class Leftovers:
    """Attempts that were given up and have not ended yet: as many as engines have slots, at most."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def add(self, end: Coroutine[Any, Any, None], force: Callable[[], Awaitable[None]], seconds: float) -> None:
        """Waits for an end in the background; after so many seconds it is brought about by force."""
        task = asyncio.create_task(_ended(end, force, seconds), name="attempt given up")
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def close(self) -> None:
        """Waits for all, when the engines have been closed."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("attempt_ended_badly", error=type(error).__name__)


async def _ended(end: Coroutine[Any, Any, None], force: Callable[[], Awaitable[None]], seconds: float) -> None:
    ending = asyncio.create_task(end, name="end of an attempt")
    await asyncio.wait((ending,), timeout=seconds)
    if not ending.done():
        await force()
    await ending
