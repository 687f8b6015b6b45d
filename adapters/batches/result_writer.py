"""Writes the result of one item without blocking the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

from adapters.batches.grouped_calls import GroupedCalls
from stts.storage.batch_files import BatchFiles
from stts.storage.result_file import ResultFile

BUFFER_BYTES = 1 << 20
"""Audio that is kept in memory before it goes to the disk."""

Result = TypeVar("Result")


class ResultWriter:
    """An async context: what was not committed when it ends is gone.

    One call at a time is in a thread, also where a task is cancelled that waits for one.
    """

    def __init__(self, files: BatchFiles, calls: GroupedCalls, batch_id: str, digest: str) -> None:
        """`calls`: what is short is done with that of others."""
        self._files = files
        self._calls = calls
        self._batch_id = batch_id
        self._digest = digest
        self._file: ResultFile | None = None
        self._waiting: list[bytes] = []
        self._size = 0
        self._running: asyncio.Future[Any] | None = None

    async def write(self, data: bytes) -> None:
        """Raises StorageFull, StorageFailed."""
        self._waiting.append(data)
        self._size += len(data)
        if self._size >= BUFFER_BYTES:
            await self._run(self._flush)

    async def clear(self) -> None:
        """Forgets all that was written."""
        self._waiting, self._size = [], 0
        if self._file is not None:
            await self._run(self._file.clear)

    async def commit(self, extension: str, header: bytes = b"") -> int:
        """Puts the file to its place, and tells its bytes. Raises StorageFull, StorageFailed."""
        running = self._running = self._calls.submit(lambda: self._committed(extension, header))
        return await asyncio.shield(running)

    def _committed(self, extension: str, header: bytes) -> int:
        size = self._flush().commit(extension, header)
        self._file = None
        return size

    def _flush(self) -> ResultFile:
        file = self._file = self._file or self._files.begin(self._batch_id, self._digest)
        waiting, self._waiting, self._size = self._waiting, [], 0
        file.write(b"".join(waiting))
        return file

    async def _run(self, call: Callable[[], Result]) -> Result:
        running = asyncio.ensure_future(asyncio.to_thread(call))
        self._running = running
        return await asyncio.shield(running)

    async def _end(self) -> None:
        if self._running is not None and not self._running.done():
            await asyncio.wait((self._running,))
        if self._file is not None:
            await asyncio.to_thread(self._file.abort)

    async def __aenter__(self) -> ResultWriter:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Mostly it was committed: nothing is left to do then.
        if self._file is not None or (self._running is not None and not self._running.done()):
            await asyncio.shield(asyncio.ensure_future(self._end()))
