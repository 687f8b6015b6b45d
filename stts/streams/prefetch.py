"""A task that makes a stream ahead of the client that reads it, so that a slow client never holds an engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeVar

from stts.streams.channel import Channel

T = TypeVar("T")


async def prefetch(make: Callable[[Channel[T]], Awaitable[None]], limit: float, name: str) -> AsyncGenerator[T, None]:
    """Runs `make` in a task of its own and yields what it puts; the task ends with the generator."""
    ready: Channel[T] = Channel(limit)
    maker = asyncio.ensure_future(_made(make, ready))
    maker.set_name(name)
    try:
        async for item in ready:
            yield item
    finally:
        maker.cancel()
        await asyncio.wait([maker])


async def _made(make: Callable[[Channel[T]], Awaitable[None]], ready: Channel[T]) -> None:
    try:
        await make(ready)
    except Exception as error:  # noqa: BLE001 - carried over to the reader, whatever it is
        ready.close(error)
    else:
        ready.close()
