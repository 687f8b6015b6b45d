"""Packs files into a ZIP file that is sent while it is made: nothing is kept of it but the names.

Entries are stored, not deflated: audio is compressed already. The standard library writes the archive to a sink that
cannot seek; ZIP64 is used by entries that need it, and by the directory of an archive that does.
"""

from __future__ import annotations

import asyncio
import time
import zipfile
from collections.abc import AsyncGenerator, AsyncIterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from stts.streams.closing import closing_iterator

BLOCK_BYTES = 2**18
_ZIP64_FROM = 2**31 - 1
"""Bytes of an entry from which its own header is ZIP64: readers of streams want to know it beforehand."""
_NO_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_UNSAFE = frozenset('<>:"/\\|?*')
"""Characters that file names may not have on some system."""
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that is packed."""

    name: str
    """Its path in the archive, unique there: relative, with `/`."""
    source: Path | bytes
    modified: float
    """Unix time."""

    def __post_init__(self) -> None:
        path = PurePosixPath(self.name)
        if not path.parts or path.is_absolute() or ".." in path.parts:
            raise ValueError(f"{self.name!r} is no relative path")


def file_name(title: str) -> str:
    """A title as the name of a file, without extension, that every system takes; empty where nothing is left of it."""
    kept = "".join(" " if letter in _UNSAFE or not letter.isprintable() else letter for letter in title)
    return " ".join(kept.split())[:LONGEST_NAME].strip(". ")


async def zipped(entries: AsyncIterable[Entry]) -> AsyncGenerator[bytes, None]:
    """Yields the archive, at most `BLOCK_BYTES` and some headers at a time. Files are read in a thread.

    Raises OSError where a file cannot be read: what was sent is then cut off, and no reader takes it for whole.
    """
    packer = _Packer()
    async for entry in entries:
        async with aclosing(_threaded(packer.blocks(entry))) as blocks:
            async for block in blocks:
                yield block
    yield packer.close()


async def _threaded(blocks: Iterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The blocks, each made in a thread. A reader who leaves waits for the one that is being made."""
    with closing_iterator(blocks):
        while True:
            making = asyncio.ensure_future(asyncio.to_thread(next, blocks, None))
            try:
                block = await asyncio.shield(making)
            finally:
                await asyncio.wait((making,))
            if block is None:
                return
            yield block


class _Packer:
    def __init__(self) -> None:
        self._sink = _Sink()
        self._zip = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_STORED)

    def blocks(self, entry: Entry) -> Iterator[bytes]:
        info = zipfile.ZipInfo(entry.name, max(time.gmtime(entry.modified)[:6], _NO_ZIP_TIME))
        info.external_attr = 0o644 << 16
        with _opened(entry.source) as source, self._zip.open(info, "w", force_zip64=_is_large(entry.source)) as packed:
            while block := source.read(BLOCK_BYTES):
                packed.write(block)
                yield self._sink.take()
        yield self._sink.take()

    def close(self) -> bytes:
        self._zip.close()
        return self._sink.take()


class _Sink:
    """Takes what is written. It has neither `tell` nor `seek`, so nothing already taken is changed."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Does nothing: what is written is there."""

    def close(self) -> None:
        """Does nothing: what was not taken yet is there still."""

    def take(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data


def _opened(source: Path | bytes) -> BinaryIO:
    return BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def _is_large(source: Path | bytes) -> bool:
    return (len(source) if isinstance(source, bytes) else source.stat().st_size) > _ZIP64_FROM
