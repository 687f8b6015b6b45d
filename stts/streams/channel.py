"""Bounded channel from one task to another on the same event loop: items, an end, perhaps an error.

Bounded by weight: a writer asks for room before it starts something it cannot pause, and may then put all of that; so
the bound can be overrun by one such thing, never by more.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Generic, TypeVar

from stts.streams.flag import Flag

T = TypeVar("T")


class Channel(Generic[T]):
    """One writer, one reader."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._items: list[tuple[T, float]] = []  # a bounded few; an empty deque takes 760 bytes
        self._weight = 0.0
        self._closed = False
        self._error: BaseException | None = None
        self._changed = Flag()
        self._wanted = 0.0
        """Weight below which a reader in `take` is not woken."""
        self._urgent = False

    @property
    def weight(self) -> float:
        """Total weight of the unread items."""
        return self._weight

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def has_room(self) -> bool:
        """Less than the limit lies unread, or nobody is to read any more."""
        return self._weight < self._limit or self._closed

    async def room(self) -> None:
        """Waits until it has."""
        if not self.has_room:
            await self._until(lambda: self.has_room)

    async def drained(self) -> None:
        """Waits until nothing lies unread, or nobody is to read any more."""
        await self._until(lambda: not self._items or self._closed)

    def put(self, item: T, weight: float, *, urgent: bool = False) -> None:
        """`urgent`: a reader who takes all is woken, however little there is."""
        self._items.append((item, weight))
        self._weight += weight
        self._urgent |= urgent
        if self._weight >= self._wanted or self._urgent:
            self._changed.set()

    def put_back(self, item: T, weight: float) -> None:
        """Puts an item before all unread ones."""
        self._items.insert(0, (item, weight))
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
                item, weight = self._items.pop(0)
                self._weight -= weight
                self._changed.set()
                yield item
            if self._closed and not self._items:
                if self._error is not None:
                    raise self._error
                return

    async def next(self) -> T | None:
        """The next item, once there is one; None at the end. Raises what it was closed with."""
        await self._until(lambda: bool(self._items) or self._closed)
        if not self._items:
            if self._error is not None:
                raise self._error
            return None
        item, weight = self._items.pop(0)
        self._weight -= weight
        self._changed.set()
        return item

    async def take(self, least: float = 0.0) -> list[T]:
        """All that lies unread, once it weighs so much, holds something urgent, or is the last; empty at the end.

        Raises what it was closed with.
        """
        self._wanted = least
        try:
            await self._until(lambda: self._closed or self._urgent or (bool(self._items) and self._weight >= least))
        finally:
            self._wanted = 0.0
        self._urgent = False
        taken = self.unread()
        if not taken and self._error is not None:
            raise self._error
        return taken

    def unread(self) -> list[T]:
        """Takes all that lies unread, which may be nothing."""
        taken = [item for item, _ in self._items]
        self._items.clear()
        self._weight = 0.0
        self._changed.set()
        return taken

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._changed.clear()
            await self._changed.wait()
