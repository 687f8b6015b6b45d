"""Spool of received records that are not processed yet: in memory at first, beyond that in a temporary file.

A spool lets a connection be read at all times: pings are answered and a goodbye is seen, however far behind an engine
is. The file has no name, so it is gone with the spool, and with the process, whatever way either ends.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable
from typing import IO, TypeVar

import structlog

from stts.streams.flag import Flag

MIB = 1_048_576
MEMORY_BYTES = MIB
"""Bytes of one spool kept in memory before the disk is used."""
BLOCK_BYTES = MIB // 4
"""Bytes written to the disk, and read back, in one step."""
RECORD_BYTES = 96
"""Bytes that a record takes beside its data."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()

Record = str | bytes
T = TypeVar("T")


class SpoolFull(Exception):
    """There is no room for this record, which was not taken."""


class SpoolSpace:
    """Bytes held by all spools of the application together."""

    def __init__(self, most: Callable[[], int]) -> None:
        """`most`: bytes."""
        self._most = most
        self.taken = 0
        """Bytes."""

    def has(self, count: int) -> bool:
        return self.taken + count <= self._most()


class Spool:
    """Records in order. One writer, one reader, on one event loop; whoever made it closes it."""

    def __init__(self, space: SpoolSpace, most: Callable[[], int]) -> None:
        """`most`: bytes of this spool."""
        self._space = space
        self._most = most
        # Lists: an empty deque takes 760 bytes, and to move up 1 MiB of the smallest records takes 3 us.
        self._head: list[Record] = []
        """Records to be read next."""
        self._tail: list[Record] = []
        """Records that came after those in the file."""
        self._head_bytes = self._tail_bytes = 0
        self._blocks: list[list[tuple[bool, int]]] = []
        """For each block in the file: whether each record is text, and its length in bytes."""
        self._file: IO[bytes] | None = None
        self._read_at = self._write_at = 0
        self._disk_failed = False
        self._moving = asyncio.Lock()
        """Held while a block is on its way to or from the disk."""
        self._changed = Flag()
        self._awaited = False
        self._ended = False
        self._taken = 0

    @property
    def held(self) -> int:
        """Bytes held now."""
        return self._taken

    @property
    def awaited(self) -> bool:
        """The reader is done with all records that there were, and waits for the next."""
        return self._awaited and not self._taken

    @property
    def overflows(self) -> bool:
        """Records are to be written to the disk before further ones are put."""
        return self._tail_bytes >= BLOCK_BYTES and not self._disk_failed

    async def put(self, record: Record, *, spare: int = 0) -> None:
        """Raises SpoolFull. `spare`: bytes beyond the bound that may be used for this one."""
        self.put_now(record, spare=spare)
        if self.overflows:
            await self.write_tail()

    def put_now(self, record: Record, *, spare: int = 0) -> None:
        """Puts one after which the writer looks whether it overflows."""
        if self._ended:
            return
        size = len(record) + RECORD_BYTES
        if not (self._taken + size <= self._most() + spare and (spare or self._space.has(size))):
            raise SpoolFull
        in_memory = not self._blocks and not self._tail
        if not in_memory or self._head_bytes + size > MEMORY_BYTES:
            if self._disk_failed and self._tail_bytes + size > MEMORY_BYTES:
                raise SpoolFull
            self._tail.append(record)
            self._tail_bytes += size
        else:
            self._head.append(record)
            self._head_bytes += size
        self._taken += size
        self._space.taken += size
        self._changed.set()

    def end(self) -> None:
        """No more records come."""
        self._ended = True
        self._changed.set()

    async def get(self) -> Record | None:
        """The next record, once there is one; None at the end."""
        while not self._head:
            async with self._moving:
                if self._blocks:
                    await self._read_block()
                elif self._tail:
                    self._head, self._tail = self._tail, self._head
                    self._head_bytes, self._tail_bytes = self._tail_bytes, 0
            if self._head:
                break
            if self._ended:
                return None
            self._changed.clear()
            self._awaited = True
            try:
                await self._changed.wait()
            finally:
                self._awaited = False
        record = self._head.pop(0)
        size = len(record) + RECORD_BYTES
        self._head_bytes -= size
        self._taken -= size
        self._space.taken -= size
        return record

    async def aclose(self) -> None:
        """Drops all records and the file."""
        self.end()
        async with self._moving:
            self._space.taken -= self._taken
            self._taken = self._head_bytes = self._tail_bytes = 0
            for records in (self._head, self._tail, self._blocks):
                records.clear()
            file, self._file = self._file, None
            if file is not None:
                await asyncio.to_thread(file.close)

    async def write_tail(self) -> None:
        """Writes what overflows."""
        async with self._moving:
            if not self._tail:  # read meanwhile
                return
            records = list(self._tail)
            parts = [record.encode() if isinstance(record, str) else record for record in records]
            shape = [(isinstance(record, str), len(part)) for record, part in zip(records, parts, strict=True)]
            block = b"".join(parts)
            try:
                await _finished(self._write, block, self._write_at)
            except OSError as error:
                # What there is stays in memory, which is bounded too; what comes later is refused.
                self._disk_failed = True
                log.warning("spool_disk_failed", error=type(error).__name__, errno=error.errno)
                return
            self._write_at += len(block)
            self._blocks.append(shape)
            del self._tail[: len(records)]
            self._tail_bytes -= sum(len(record) + RECORD_BYTES for record in records)

    async def _read_block(self) -> None:
        shape = self._blocks[0]
        block = await _finished(self._read, sum(length for _, length in shape), self._read_at)
        self._blocks.pop(0)
        self._read_at += len(block)
        at = 0
        for text, length in shape:
            data = block[at : at + length]
            at += length
            self._head.append(data.decode() if text else data)
        self._head_bytes = sum(len(record) + RECORD_BYTES for record in self._head)
        if not self._blocks:
            self._read_at = self._write_at = 0
            self._disk_failed = False
            await _finished(self._shrink)

    def _write(self, block: bytes, at: int) -> None:
        """Writes a block, in a worker thread. Raises OSError."""
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="stts-spool-", buffering=0)  # noqa: SIM115 - closed in aclose
        view = memoryview(block)
        while view:
            count = os.pwrite(self._file.fileno(), view, at)
            view, at = view[count:], at + count

    def _read(self, count: int, at: int) -> bytes:
        assert self._file is not None
        block = b""
        while len(block) < count and (more := os.pread(self._file.fileno(), count - len(block), at + len(block))):
            block += more
        return block

    def _shrink(self) -> None:
        assert self._file is not None
        os.ftruncate(self._file.fileno(), 0)


async def _finished(work: Callable[..., T], *arguments: object) -> T:
    """Runs blocking work in a thread and waits for it even if cancelled, so that nothing uses the file afterwards."""
    job = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        return await asyncio.shield(job)
    except asyncio.CancelledError:
        await asyncio.wait([job])
        raise
