"""Calls that are under way, each in a task of its own, so that a close can end them without touching the program's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any, TypeVar

from stts.errors import Unavailable
from stts.streams.channel import Channel

Result = TypeVar("Result")

AHEAD_BYTES = 2_000_000
"""Audio that may lie ready for a program that reads slowly."""
ENDED = "It was closed while this went on."


class Calls:
    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    async def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Raises Unavailable where a close ends it; a caller that is cancelled ends it too."""
        task = asyncio.create_task(work, name="embedded call")
        self._tasks.add(task)
        try:
            return await task
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if caller is not None and caller.cancelling():
                raise
            raise Unavailable(ENDED) from None
        finally:
            self._tasks.discard(task)

    async def stream(self, pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """Yields the pieces, made ahead of whoever reads them. Raises Unavailable where a close ends it."""
        ready: Channel[bytes] = Channel(AHEAD_BYTES)
        task = asyncio.create_task(_fill(pieces, ready), name="embedded stream")
        self._tasks.add(task)
        try:
            async for piece in ready:
                yield piece
        finally:
            task.cancel()
            await asyncio.wait([task])
            self._tasks.discard(task)

    async def end(self) -> None:
        """Ends all of them, and waits for that."""
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


async def _fill(pieces: AsyncGenerator[bytes, None], ready: Channel[bytes]) -> None:
    try:
        async with aclosing(pieces):
            async for piece in pieces:
                await ready.room()
                ready.put(piece, len(piece))
    except asyncio.CancelledError:
        ready.close(Unavailable(ENDED))
        raise
    except Exception as error:  # noqa: BLE001 - carried over to the reader, whatever it is
        ready.close(error)
    else:
        ready.close()
