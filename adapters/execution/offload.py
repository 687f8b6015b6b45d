"""Blocking iterators that are not calls of an engine (decoding an upload), a bounded number of them at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import TypeVar

from adapters.execution.thread import BUFFER, END, Run, Workers, outlast

T = TypeVar("T")

LEAVE_SECONDS = 60.0
"""For an iterator that nobody wants any more to come to its next yield."""


class Offload:
    """Threads of its own, with the hand-off of engine calls. Made once, for one kind of work."""

    def __init__(self, name: str, limit: int) -> None:
        self._workers = Workers(name, limit)
        self._free = asyncio.Semaphore(limit)

    async def iterate(self, make: Callable[[], Iterator[T]], *, buffer: int = BUFFER) -> AsyncGenerator[T, None]:
        """The items of `make()`, made and closed in a thread. Raises what it raises.

        Waits, cancellably, while too many others run. A consumer that leaves closes the iterator at its next yield;
        `aclose()` returns when that has happened.
        """
        async with self._free:
            run = Run(make, buffer=buffer)
            self._workers.submit(run)
            try:
                while (item := await run.next()) is not END:
                    yield item
                if (error := run.take_error()) is not None:
                    raise error
            finally:
                run.abort()
                await outlast(run, LEAVE_SECONDS)

    def close(self) -> None:
        """Ends the threads as they become free. Nothing more may be iterated."""
        self._workers.close()
