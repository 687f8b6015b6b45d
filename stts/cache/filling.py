"""One answer in the making, for any number of readers: each reads from its start, at its own pace.

It is made by a task of its own, with a context of its own, so that a reader who leaves stops nobody else; the last one
who leaves ends it. What was made stays until the end, so that a reader may come at any time. Beyond a bound it is no
longer kept: nobody joins it any more, and it is made no faster than its slowest reader reads.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from contextvars import Context
from dataclasses import dataclass, replace

from stts.context import CacheNote, Outcome, Priority, RequestContext, Timings
from stts.speech import RETRACTION, AudioChunk
from stts.streams.hold import Hold

AHEAD_BYTES = 2_000_000
"""Audio beyond the bound that may lie ready for the slowest reader."""

Make = Callable[[RequestContext], AsyncGenerator[AudioChunk, None]]


@dataclass(slots=True, eq=False)
class Reader:
    """One listener of a fill."""

    context: RequestContext
    warnings: Sequence[str]
    """Warnings about its own plan."""
    announced: int
    """Retractions that are told, or were there before it came."""
    at: int = 0
    """Chunks that it has read."""


class SharedHold(Hold):
    """The hold of what several listeners read: it is kept while each of them has one that is."""

    def __init__(self, readers: Callable[[], Iterable[Reader]], announce: Callable[[], None]) -> None:
        super().__init__()
        self._readers = readers
        self._announce = announce

    @property
    def kept(self) -> bool:
        return all(reader.context.unsent for reader in self._readers())

    def take_back(self) -> bool:
        if not self.kept:
            return False
        for reader in self._readers():
            if reader.context.hold is not None:
                reader.context.hold.take_back()
        self._announce()
        return True


class Fill:
    """`read` it at least once: the first reader begins it, the end of the last one ends it."""

    def __init__(self, context: RequestContext, make: Make, note: CacheNote, most_bytes: int) -> None:
        """`context`: of the request that begins it. `note`: as its first reader is told. `most_bytes`: the bound."""
        self._make = make
        self._most_bytes = most_bytes
        self._readers: set[Reader] = set()
        self._announced = self._retracted = 0
        self._chunks: deque[AudioChunk] = deque()
        self._dropped = 0
        """Chunks that are gone, all readers having read them."""
        self.bytes = 0
        """Bytes made so far."""
        self._more = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._error: BaseException | None = None
        self._is_complete = False
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
    def is_whole(self) -> bool:
        """All of it is still there; else nobody can join."""
        return self.bytes <= self._most_bytes

    @property
    def chunks(self) -> Sequence[AudioChunk]:
        return self._chunks

    def may_join(self, priority: Priority) -> bool:
        """False where it would be waited for behind everything else, and this reader is in more of a hurry."""
        urgent = self.context.priority is not Priority.BATCH or priority is Priority.BATCH
        return self.is_whole and urgent and (self._is_complete or not self.done)

    async def read(self, context: RequestContext, warnings: Sequence[str]) -> AsyncGenerator[AudioChunk, None]:
        """All of it, from its start. `warnings`: about the plan of this reader. Raises what the making has raised."""
        reader = Reader(context, warnings, self._announced)
        own, first = len(context.warnings), self._task is None
        self._readers.add(reader)
        self._begin(reader)
        try:
            while True:
                more = self._more
                if self._retracted > reader.announced:
                    reader.announced, reader.at = reader.announced + 1, 0
                    del context.warnings[own:]
                    yield RETRACTION
                elif self._retracted == reader.announced and reader.at - self._dropped < len(self._chunks):
                    chunk = self._chunks[reader.at - self._dropped]
                    reader.at += 1
                    self._drop_read()
                    self._tell(reader, first=first)
                    yield chunk
                elif self.done:
                    self._tell(reader, first=first)
                    self._raise_failure()
                    return
                else:
                    await more.wait()
        finally:
            self._readers.discard(reader)
            self._drop_read()
            await self._end_unread()

    def _begin(self, reader: Reader) -> None:
        self.context.priority = min(self.context.priority, reader.context.priority)
        if self._task is None:
            self._own_warnings = reader.warnings
            # In nobody's context: it outlives the request that begins it.
            self._task = asyncio.create_task(self._run(), name="fill", context=Context())
            self._task.add_done_callback(lambda task: self._wake())

    async def _run(self) -> None:
        try:
            async with aclosing(self._make(self.context)) as chunks:
                async for chunk in chunks:
                    self._take(chunk)
                    await self._room()
            self._is_complete = True
        except Exception as error:  # noqa: BLE001 - carried over to the readers, whatever it is
            self._error = error

    def _raise_failure(self) -> None:
        if self._error is not None:
            raise self._error
        if not self._is_complete:
            # Its task was cancelled from outside: the server stops.
            raise asyncio.CancelledError

    def _take(self, chunk: AudioChunk) -> None:
        if chunk.retracts:
            self._retracted += 1
            self._chunks.clear()
            self._dropped = self.bytes = 0
        else:
            self._chunks.append(chunk)
            self.bytes += len(chunk.data)
        self._wake()

    async def _room(self) -> None:
        while not self.is_whole and sum(len(chunk.data) for chunk in self._chunks) > AHEAD_BYTES:
            more = self._more
            await more.wait()

    def _drop_read(self) -> None:
        """Beyond the bound, forgets what everybody has read."""
        if self.is_whole or not self._readers:
            return
        least = min(reader.at if reader.announced == self._retracted else 0 for reader in self._readers)
        if least > self._dropped:
            while self._dropped < least:
                self._chunks.popleft()
                self._dropped += 1
            self._wake()

    async def _end_unread(self) -> None:
        if not self._readers and self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    def _wake(self) -> None:
        self._more.set()
        self._more = asyncio.Event()

    def _announce(self) -> None:
        self._announced += 1

    def _tell(self, reader: Reader, *, first: bool) -> None:
        """Tells a reader what is known of the answer. `first`: it is the one whose request began it."""
        context, made = reader.context, self.context
        file_id = context.output_data.file_id
        joined = self.note.state == "MISS" and not first
        note = replace(self.note, state="JOIN") if joined else self.note
        context.output_data = replace(made.output_data, file_id=file_id, cache=note)
        times = made.metrics
        context.metrics.audio_seconds, context.metrics.characters = times.audio_seconds, times.characters
        if first:
            context.metrics.queue, context.metrics.engine = times.queue, times.engine
            context.metrics.encode = times.encode
        for warning in (*reader.warnings, *self.warnings):
            context.warn(warning)
