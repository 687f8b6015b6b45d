"""Keeps a copy of the audio on its way to the client, as a file that appears when it is complete."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from types import TracebackType

import structlog

from stts.audio.formats import FORMATS
from stts.context import RequestContext
from stts.errors import STTSError
from stts.storage.files import FileStore
from stts.storage.writer import Writer
from stts.types import AudioChunk

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


async def recorded(
    chunks: AsyncGenerator[AudioChunk, None], files: FileStore, context: RequestContext
) -> AsyncGenerator[AudioChunk, None]:
    """The same chunks. `context.output_data["file_id"]` is there from the first one.

    What keeps the file from being stored does not keep the client from listening: it is logged, the id stays unknown.
    """
    # The chunks are closed before the recorder: an engine does not wait for a disk.
    async with _Recorder(files, context) as recorder, aclosing(chunks):
        first = await anext(chunks, None)
        if first is None:
            return
        await recorder.create()
        await recorder.write(first)
        yield first
        async for chunk in chunks:
            await recorder.write(chunk)
            yield chunk
        await recorder.commit()


class _Recorder:
    """Writes until something is wrong with the store, then lets it be. What is not committed when it ends is gone.

    One call at a time is in a thread, also where a task is cancelled that waits for one.
    """

    def __init__(self, files: FileStore, context: RequestContext) -> None:
        self._files = files
        self._context = context
        self._writer: Writer | None = None
        self._header = b""
        self._running: asyncio.Future[None] | None = None
        self._broken = False

    async def create(self) -> None:
        await self._attempt(self._create)
        if self._writer is not None:
            self._context.output_data["file_id"] = self._writer.id

    async def write(self, chunk: AudioChunk) -> None:
        self._header = chunk.header or self._header
        if self._writer is not None:
            await self._attempt(self._writer.write, chunk.data)

    async def commit(self) -> None:
        await self._attempt(self._commit)

    def _create(self) -> None:
        extension = FORMATS[self._context.output_data["format"]].extension
        self._writer = self._files.create("outputs", f"speech{extension}")

    def _commit(self) -> None:
        if self._writer is None:
            return
        if self._header:
            self._writer.replace_start(self._header)
        self._writer.commit()

    def _abort(self) -> None:
        if self._writer is not None:
            self._writer.abort()

    async def _attempt(self, call: Callable[..., object], *arguments: object) -> None:
        if not self._broken:
            self._running = asyncio.ensure_future(asyncio.to_thread(self._guarded, call, *arguments))
            await asyncio.shield(self._running)

    def _guarded(self, call: Callable[..., object], *arguments: object) -> None:
        try:
            call(*arguments)
        except (STTSError, OSError) as error:
            self._broken = True
            reason = error.code if isinstance(error, STTSError) else error.strerror
            log.warning("recording_failed", request_id=self._context.request_id, reason=reason)

    async def _end(self) -> None:
        if self._running is not None:
            await asyncio.wait((self._running,))
            await asyncio.to_thread(self._guarded, self._abort)

    async def __aenter__(self) -> _Recorder:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.shield(asyncio.ensure_future(self._end()))
