"""A recording that comes as it is, without a form around it: written to a temporary file as it comes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from starlette.concurrency import run_in_threadpool

from stts.errors import InvalidRequest
from stts.transcription import AudioData

MEMORY_BYTES = 1_000_000
"""Bytes that are kept in memory; more go to the disk, in a thread."""
HEAD_BYTES = 64


async def spooled(
    chunks: AsyncIterator[bytes], *, before: Callable[[bytes], bytes], on_chunk: Callable[[bytes], None]
) -> AudioData:
    """Gives the recording, whose file is closed by whoever gets it. Raises InvalidRequest where nothing comes.

    `before`: is given the first bytes, and tells what is to stand before them in the file. `on_chunk` is told of each.
    """
    file = SpooledTemporaryFile(max_size=MEMORY_BYTES)  # noqa: SIM115 - closed by whoever gets it
    size = 0
    try:
        async for chunk in chunks:
            if not chunk:
                continue
            on_chunk(chunk)
            if size == 0:
                size += file.write(before(chunk[:HEAD_BYTES]))
            size += len(chunk)
            if size > MEMORY_BYTES:
                await run_in_threadpool(file.write, chunk)
            else:
                file.write(chunk)
        if size == 0:
            raise InvalidRequest("The request has no body: it is the recording.", param="body")
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return AudioData(cast(BinaryIO, file), size)
