"""Bytes on their way to a Content-Length: in memory up to a bound, beyond it in a temporary file."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncGenerator, Callable
from types import TracebackType
from typing import TypeVar

MEMORY_BYTES = 4_000_000
READ_BYTES = 65_536

Argument = TypeVar("Argument")
Result = TypeVar("Result")


class Spool:
    """An async context; what it holds is gone when it ends."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=MEMORY_BYTES)  # noqa: SIM115 - closed by __aexit__
        self.size = 0
        """Bytes."""
        self._hash = hashlib.blake2b(digest_size=16)
        self.is_hashed = True
        """False where nobody asks for the digest."""

    async def write(self, data: bytes) -> None:
        self.size += len(data)
        if self.is_hashed:
            self._hash.update(data)
        await self._run(self._file.write, data)

    async def replace_start(self, data: bytes) -> None:
        """Overwrites the first bytes."""
        self._hash.update(data)
        await self._run(self._file.seek, 0)
        await self._run(self._file.write, data)

    async def clear(self) -> None:
        """Forgets all that was written."""
        await self._run(self._file.seek, 0)
        await self._run(self._file.truncate, 0)
        self.size, self._hash = 0, hashlib.blake2b(digest_size=16)

    @property
    def digest(self) -> str:
        """Hash of the bytes, in the order in which they were written and replaced."""
        return self._hash.hexdigest()

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """All of it, from the start."""
        await self._run(self._file.seek, 0)
        while data := await self._run(self._file.read, READ_BYTES):
            yield data

    async def _run(self, call: Callable[[Argument], Result], argument: Argument) -> Result:
        """Runs a call on the event loop while the data is in memory, in a thread once it is on disk."""
        if self.size <= MEMORY_BYTES:
            return call(argument)
        return await asyncio.to_thread(call, argument)

    async def __aenter__(self) -> Spool:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
