"""A buffer between a task that makes a stream and the client that reads it, bounded by weight.

The maker asks for room before it starts something it cannot pause, and may then put all of that; so the bound can be
overrun by one such thing, never by more.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


async def made_ahead(
    make: Callable[[ReadAhead[T]], Awaitable[None]], limit: float, name: str
) -> AsyncGenerator[T, None]:
    """What a task of its own puts while `make` runs; the task ends with the generator, whoever ends first."""
    ready: ReadAhead[T] = ReadAhead(limit)
    maker = asyncio.ensure_future(_made(make, ready))
    maker.set_name(name)
    try:
        async for item in ready:
            yield item
    finally:
        maker.cancel()
        await asyncio.wait([maker])


async def _made(make: Callable[[ReadAhead[T]], Awaitable[None]], ready: ReadAhead[T]) -> None:
    try:
        await make(ready)
    except Exception as error:  # noqa: BLE001 - carried over to the reader, whatever it is
        ready.close(error)
    else:
        ready.close()


class ReadAhead(Generic[T]):
    """One maker, one reader, both on the same event loop."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._items: deque[tuple[T, float]] = deque()
        self._weight = 0.0
        self._closed = False
        self._error: BaseException | None = None
        self._changed = asyncio.Event()

    async def room(self) -> None:
        """Waits until less than the limit lies unread."""
        await self._until(lambda: self._weight < self._limit)

    def put(self, item: T, weight: float) -> None:
        self._items.append((item, weight))
        self._weight += weight
        self._changed.set()

    def close(self, error: BaseException | None = None) -> None:
        """No more items; the reader gets the error, if any, after what was made before it."""
        self._closed = True
        self._error = error
        self._changed.set()

    async def __aiter__(self) -> AsyncIterator[T]:
        while True:
            await self._until(lambda: bool(self._items) or self._closed)
            while self._items:
                item, weight = self._items.popleft()
                self._weight -= weight
                self._changed.set()
                yield item
            if self._closed and not self._items:
                if self._error is not None:
                    raise self._error
                return

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._changed.clear()
            await self._changed.wait()
