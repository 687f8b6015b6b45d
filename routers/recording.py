"""Keeps a copy of the audio on its way to the client, as a file that appears when it is complete."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import structlog

from routers.speech import final_header
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
    async with aclosing(chunks):
        first = await anext(chunks, None)
        if first is None:
            return
        name = f"speech{FORMATS[context.output_data['format']].extension}"
        writer = await asyncio.to_thread(files.create, "outputs", name)
        context.output_data["file_id"] = writer.id
        recorder = _Recorder(writer, context)
        try:
            await recorder.write(first)
            yield first
            async for chunk in chunks:
                await recorder.write(chunk)
                yield chunk
            await recorder.commit()
        finally:
            await asyncio.to_thread(writer.abort)


class _Recorder:
    """Writes until something is wrong with the store, then lets it be."""

    def __init__(self, writer: Writer, context: RequestContext) -> None:
        self._writer = writer
        self._context = context
        self._broken = False

    async def write(self, chunk: AudioChunk) -> None:
        if not self._broken:
            await self._attempt(self._writer.write, chunk.data)

    async def commit(self) -> None:
        if not self._broken:
            await self._attempt(self._commit)

    def _commit(self) -> None:
        header = final_header(self._context, self._writer.size)
        if header is not None:
            self._writer.replace_start(header)
        self._writer.commit()

    async def _attempt(self, call: Callable[..., object], *arguments: object) -> None:
        try:
            await asyncio.to_thread(call, *arguments)
        except STTSError as error:
            self._broken = True
            log.warning("recording_failed", request_id=self._context.request_id, code=error.code)
