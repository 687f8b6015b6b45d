"""Reads the start of an audio stream ahead, to learn whether a short answer is already complete."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable

from stts.speech import AudioChunk
from stts.streams.hold import Hold

MOST_BYTES = 4_000_000
"""Most bytes held; a longer answer goes on as a stream."""


class Lookahead:
    """`look` once, then `chunks`. Close it: it owns the stream."""

    def __init__(self, stream: AsyncGenerator[AudioChunk, None], hold: Hold) -> None:
        """`hold`: of the answer; released where the rest is to be streamed."""
        self._stream = stream
        self._hold = hold
        self._held: list[AudioChunk] = []
        self._pending: asyncio.Future[AudioChunk | None] | None = None

    async def look(self, timeout_seconds: Callable[[], float]) -> bool:
        """Waits for the first chunk and then, `timeout_seconds()` seconds in all, for the others. True: those were all.

        A timeout_seconds of 0 looks no further than the first, unless that ends the answer.
        """
        size = retractions = 0
        until: float | None = None
        while size <= MOST_BYTES:
            if until is None:
                # However long it takes: nothing else is to be done meanwhile, so no task is needed.
                chunk = await anext(self._stream, None)
            else:
                self._pending = asyncio.ensure_future(anext(self._stream, None))
                if not await self._comes(self._pending, until, retractions):
                    return False
                chunk, self._pending = self._pending.result(), None
            if chunk is None:
                return True
            if chunk.retracts:
                size, retractions, until = 0, retractions + 1, None
                self._held.clear()
                continue
            size += len(chunk.data)
            self._held.append(chunk)
            if chunk.ends:
                continue
            if len(self._held) == 1:
                seconds = timeout_seconds()
                if seconds <= 0:
                    break
                until = asyncio.get_running_loop().time() + seconds
        self._hold.release(retractions)
        return False

    async def chunks(self) -> AsyncGenerator[AudioChunk, None]:
        """All of the stream."""
        while self._held:
            yield self._held.pop(0)
        if self._pending is not None:
            chunk = await self._pending
            self._pending = None
            if chunk is None:
                return
            yield chunk
        async for chunk in self._stream:
            yield chunk

    async def _comes(self, chunk: asyncio.Future[AudioChunk | None], until: float, retractions: int) -> bool:
        """Waits for a chunk; False: it did not come until then, and the answer may be sent."""
        await asyncio.wait((chunk,), timeout=max(until - asyncio.get_running_loop().time(), 0.0))
        if not chunk.done():
            if self._hold.release(retractions):
                return False
            await asyncio.wait((chunk,))
        return True

    async def aclose(self) -> None:
        if self._pending is not None:
            self._pending.cancel()
            await asyncio.wait((self._pending,))
        await self._stream.aclose()
