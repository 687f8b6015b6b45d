"""One answer in the making, for any number of readers: each reads from its start, at its own pace.

It is made by a task of its own, with a context of its own, so that a reader who leaves stops nobody else; the last one
who leaves ends it. What was made stays until the end, so that a reader may come at any time. Beyond a bound it is no
longer kept: nobody joins it any more, and it is made no faster than its slowest reader reads.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from contextvars import Context
from dataclasses import replace

from stts.cache.readers import Reader, SharedHold
from stts.cache.room import Bounds
from stts.context import CacheNote, Outcome, Priority, RequestContext
from stts.errors import ShuttingDown
from stts.speech import RETRACTION, AudioChunk
from stts.timings import Timings

AHEAD_BYTES = 2_000_000
"""Audio beyond the bound that may lie ready for the slowest reader."""


class Fill:
    """`read` it at least once: the first reader begins it, the end of the last one ends it."""

    def __init__(
        self, context: RequestContext, make: Make, note: CacheNote, bounds: Bounds, leave: Callable[[Fill], None]
    ) -> None:
        """`context`: of the request that begins it. `note`: as its first reader is told. `leave` is called when nobody
        can join any more."""
        self._make = make
        self._bounds = bounds
        self._leave = leave
        self._readers: set[Reader] = set()
        self._announced = self._retracted = 0
        self._chunks: deque[AudioChunk] = deque()
        self._dropped = 0
        """Chunks that are gone, all readers having read them."""
        self._made_bytes = self._held_bytes = 0
        """Bytes made so far, and those of them that are still here."""
        self._room_taken = 0
        self.is_whole = True
        """All of it is still there; else nobody can join."""
        self._more = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._error: Exception | None = None
        self._is_complete = self._is_ending = False
        self._own_warnings: Sequence[str] = ()
        """Those about the plan with which it is made."""
        self.note = note
        self.context = replace(
            context,
            output_data=Outcome(),
            metrics=Timings(),
            warnings=[],
            hold=SharedHold(lambda: self._readers, self._announce),
            on_exceeded=None,
            place_ahead=None,
        )

    @property
    def done(self) -> bool:
        """Nothing more will come."""
        return self._task is not None and self._task.done()

    @property
    def warnings(self) -> Sequence[str]:
        """Warnings about the answer itself."""
        return [each for each in self.context.warnings if each not in self._own_warnings]

    @property
    def chunks(self) -> Sequence[AudioChunk]:
        return self._chunks

    def may_join(self, priority: Priority) -> bool:
        """False where it waits for an engine behind others, for whom this reader would not wait."""
        alive = not self._is_ending and (self._is_complete or not self.done)
        return alive and self.is_whole and self.context.priority <= priority

    async def read(self, context: RequestContext, warnings: Sequence[str]) -> AsyncGenerator[AudioChunk, None]:
        """All of it, from its start. `warnings`: about the plan of this reader.

        Raises what the making has raised, and ShuttingDown where that was ended from outside.
        """
        reader, own = Reader(context, warnings, self._announced, first=self._task is None), len(context.warnings)
        self._readers.add(reader)
        self._begin(reader)
        try:
            while True:
                more = self._more
                if self._retracted > reader.announced:
                    reader.begin_again()
                    del context.warnings[own:]
                    yield RETRACTION
                elif self._retracted == reader.announced and reader.at - self._dropped < len(self._chunks):
                    chunk = self._chunks[reader.at - self._dropped]
                    reader.take(chunk)
                    self._drop_read()
                    self._tell(reader)
                    yield chunk
                elif self.done:
                    reader.finished = True
                    self._tell(reader)
                    self._raise_failure()
                    return
                else:
                    await more.wait()
        finally:
            await self._end(reader)

    def _begin(self, reader: Reader) -> None:
        if self._task is None:
            self._own_warnings = reader.warnings
            # In nobody's context: it outlives the request that begins it.
            self._task = asyncio.create_task(self._run(), name="fill", context=Context())
            self._task.add_done_callback(lambda task: self._ended())
        self._count()

    async def _run(self) -> None:
        try:
            async with aclosing(self._make(self)) as chunks:
                async for chunk in chunks:
                    self._take(chunk)
                    await self._wait_for_readers()
            self._is_complete = True
        except Exception as error:  # noqa: BLE001 - carried over to the readers, whatever it is
            self._error = error
        finally:
            self._leave(self)

    def _ended(self) -> None:
        self._count()
        self._wake()

    async def _end(self, reader: Reader) -> None:
        """Lets a reader go. The last one ends the making, and waits until it has ended."""
        self._readers.discard(reader)
        self._drop_read()
        try:
            if not self._readers and self._task is not None and not self._task.done():
                # Before anything is waited for: whoever comes now has it made anew.
                self._is_ending = True
                self._leave(self)
                self._task.cancel()
                await asyncio.wait([self._task])
        finally:
            self._count()
            if not reader.finished and self.context.output_data.engine is not None:
                self._tell(reader)
                reader.count_given()

    def _raise_failure(self) -> None:
        if self._error is not None:
            raise self._error
        if not self._is_complete:
            # Nobody else cancels it while it has readers.
            raise ShuttingDown("The server is stopping.")

    def _take(self, chunk: AudioChunk) -> None:
        if chunk.retracts:
            self._retracted += 1
            self._chunks.clear()
            self._dropped = self._made_bytes = self._held_bytes = 0
            self.is_whole = True
        else:
            self._chunks.append(chunk)
            self._made_bytes += len(chunk.data)
            self._held_bytes += len(chunk.data)
        self._count()
        self.is_whole = self.is_whole and self._made_bytes <= self._bounds.most_bytes and self._bounds.room.has()
        self._drop_read()
        self._wake()

    async def _wait_for_readers(self) -> None:
        while not self.is_whole and self._held_bytes > AHEAD_BYTES:
            more = self._more
            await more.wait()

    def _drop_read(self) -> None:
        """Beyond the bound, forgets what everybody has read."""
        if self.is_whole or not self._readers:
            return
        least = min(reader.at if reader.announced == self._retracted else 0 for reader in self._readers)
        if least > self._dropped:
            while self._dropped < least:
                self._held_bytes -= len(self._chunks.popleft().data)
                self._dropped += 1
            self._count()
            self._wake()

    def _count(self) -> None:
        """Takes the room that it needs now, and gives back what it needs no more."""
        expected = 0 if self.done or not self.is_whole else self._bounds.expected_bytes
        needed = 0 if self.done and not self._readers else max(self._held_bytes, expected)
        self._bounds.room.used += needed - self._room_taken
        self._room_taken = needed

    def _wake(self) -> None:
        self._more.set()
        self._more = asyncio.Event()

    def _announce(self) -> None:
        self._announced += 1

    def _tell(self, reader: Reader) -> None:
        """Tells a reader what is known of the answer."""
        context, made = reader.context, self.context
        file_id = context.output_data.file_id
        joined = self.note.state == "MISS" and not reader.first
        note = replace(self.note, state="JOIN") if joined else self.note
        context.output_data = replace(made.output_data, file_id=file_id, cache=note)
        times = made.metrics
        context.metrics.audio_seconds, context.metrics.characters = times.audio_seconds, times.characters
        if reader.first:
            context.metrics.queue, context.metrics.engine = times.queue, times.engine
            context.metrics.load, context.metrics.encode = times.load, times.encode
        for warning in (*reader.warnings, *self.warnings):
            context.warn(warning)


Make = Callable[[Fill], AsyncGenerator[AudioChunk, None]]
