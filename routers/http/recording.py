"""Keeps a copy of the audio on its way to the client, as a file that appears when it is complete."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from types import TracebackType
from typing import cast

import structlog

from middleware.pipeline import Item, Operation, Request
from routers.http.operation import spoken_audio
from stts.audio.formats import FORMATS
from stts.context import RequestContext
from stts.errors import StorageFailed, StorageFull, STTSError
from stts.plans import SpeechRequest
from stts.speech import AudioChunk
from stts.storage.files.failures import disk_error
from stts.storage.files.store import FileStore
from stts.storage.files.writer import Writer

CHARACTERS_PER_SECOND = 15.0
"""Characters spoken a second, about."""
SAMPLE_BYTES = 2
LEAST_SAMPLE_RATE = 8_000
LEAST_COMPRESSION = 0.1
"""Smallest size of a compressed format as a part of PCM."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class RecordingStage:
    """Keeps a copy of the speech whose request wants one. It stands inside the quotas: for them an answer that could
    not be kept has failed, and costs nothing where none of it was sent."""

    def __init__(self, files: FileStore) -> None:
        self._files = files

    def __call__(
        self, context: RequestContext, request: Request, call_next: Operation[Request, Item]
    ) -> AsyncIterator[Item]:
        items = call_next(context, request)
        if not (isinstance(request, SpeechRequest) and request.saved):
            return items
        chunks = cast("AsyncGenerator[AudioChunk, None]", items)
        return cast("AsyncIterator[Item]", recorded(chunks, self._files, context))


async def recorded(
    chunks: AsyncGenerator[AudioChunk, None], files: FileStore, context: RequestContext
) -> AsyncGenerator[AudioChunk, None]:
    """The same chunks. `context.output_data.file_id` is there from the first one.

    Raises StorageFull and StorageFailed: before the first chunk where nothing can be kept, and after the last where the
    disk has failed meanwhile. So an answer that is sent whole is an error, and a stream is heard to its end and then
    cut, so that it does not pass for one whose id has a file; under the id stands the reason.
    """
    # The chunks are closed before the recorder: an engine does not wait for a disk.
    async with _Recorder(files, context) as recorder, aclosing(chunks):
        await recorder.require_room()
        first = await anext(chunks, None)
        if first is None:
            return
        await recorder.create()
        await recorder.write(first)
        recorder.raise_failure()
        yield first
        async for chunk in chunks:
            if chunk.retracts:
                await recorder.begin_anew()
            await recorder.write(chunk)
            yield chunk
        await recorder.commit()
        recorder.raise_failure()


def least_bytes(context: RequestContext) -> int:
    """A low guess, of before the engine is chosen."""
    seconds = context.input_data.characters / CHARACTERS_PER_SECOND
    return 1 + _encoded_bytes(seconds * LEAST_SAMPLE_RATE * SAMPLE_BYTES, context.input_data.format)


def expected_bytes(context: RequestContext) -> int:
    """A guess at what will be written, so that a disk without room is told of before anything is sent."""
    audio = spoken_audio(context)
    seconds = context.input_data.characters / CHARACTERS_PER_SECOND
    return _encoded_bytes(seconds * audio.sample_rate * audio.channels * SAMPLE_BYTES, audio.format)


def _encoded_bytes(size: float, format: str | None) -> int:
    return int(size if format in ("wav", "pcm") else size * LEAST_COMPRESSION)


class _Recorder:
    """Writes until something is wrong with the store, then lets it be. What is not committed when it ends is gone.

    One call at a time is in a thread, also where a task is cancelled that waits for one.
    """

    def __init__(self, files: FileStore, context: RequestContext) -> None:
        self._files = files
        self._context = context
        self._owner = context.principal.viewer.user_id
        self._writer: Writer | None = None
        self._header = b""
        self._running: asyncio.Future[None] | None = None
        self._failure: StorageFull | None = None

    async def require_room(self) -> None:
        """Before the operation begins, which would cost of the caller's quotas. Raises StorageFull."""
        await self._attempt(self._files.require_room, "outputs", self._owner, least_bytes(self._context))
        self.raise_failure()

    async def create(self) -> None:
        await self._attempt(self._create)
        if self._writer is not None:
            self._context.output_data.file_id = self._writer.id

    async def begin_anew(self) -> None:
        """Discards the file begun, and begins another."""
        await self._attempt(self._abort)
        self._header = b""
        await self.create()
        self.raise_failure()

    async def write(self, chunk: AudioChunk) -> None:
        self._header = chunk.header or self._header
        if self._writer is not None:
            await self._attempt(self._writer.write, chunk.data)

    def raise_failure(self) -> None:
        """Raises the error of a file that could not be kept."""
        if self._failure is not None:
            raise self._failure

    async def commit(self) -> None:
        await self._attempt(self._commit)

    def _create(self) -> None:
        extension = FORMATS[spoken_audio(self._context).format].extension
        expected = expected_bytes(self._context)
        age = time.perf_counter() - self._context.input_data.arrived
        self._writer = self._files.create(
            "outputs", f"speech{extension}", owner=self._owner, expected_bytes=expected, age=age
        )

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
        if self._failure is None:
            self._running = asyncio.ensure_future(asyncio.to_thread(self._guarded, call, *arguments))
            await asyncio.shield(self._running)

    def _guarded(self, call: Callable[..., object], *arguments: object) -> None:
        try:
            call(*arguments)
        except (STTSError, OSError) as error:
            failure = disk_error(error) if isinstance(error, OSError) else error
            if not isinstance(failure, StorageFull):
                failure = StorageFailed("The audio could not be kept.")
            self._failure = failure
            if self._writer is not None:
                self._files.lose(self._writer.id, failure, self._owner)
            reason = error.strerror if isinstance(error, OSError) else error.message
            failure.is_logged = True
            log.warning("recording_failed", request_id=self._context.request_id, code=failure.code, reason=reason)

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
