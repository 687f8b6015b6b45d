"""Reads the start of an audio stream ahead, to learn whether a short answer is already complete."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable

from stts.speech import AudioChunk

MOST_BYTES = 4_000_000
"""Most bytes held; a longer answer goes on as a stream."""


class Lookahead:
    """`look` once, then `chunks`. Close it: it owns the stream."""

    def __init__(self, stream: AsyncGenerator[AudioChunk, None]) -> None:
        self._stream = stream
        self._held: list[AudioChunk] = []
        self._pending: asyncio.Future[AudioChunk | None] | None = None

    async def look(self, timeout_seconds: Callable[[], float]) -> bool:
        """Waits for the first chunk and then, `timeout_seconds()` seconds in all, for the others. True: those were all.

        A timeout_seconds of 0 looks no further than the first.
        """
        size = 0
        until = float("inf")
        clock = asyncio.get_running_loop().time
        while size <= MOST_BYTES:
            self._pending = asyncio.ensure_future(anext(self._stream, None))
            await asyncio.wait((self._pending,), timeout=None if not self._held else max(until - clock(), 0.0))
            if not self._pending.done():
                return False
            chunk, self._pending = self._pending.result(), None
            if chunk is None:
                return True
            size += len(chunk.data)
            self._held.append(chunk)
            if len(self._held) == 1:
                seconds = timeout_seconds()
                if seconds <= 0:
                    break
                until = clock() + seconds
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

    async def aclose(self) -> None:
        if self._pending is not None:
            self._pending.cancel()
            await asyncio.wait((self._pending,))
        await self._stream.aclose()
