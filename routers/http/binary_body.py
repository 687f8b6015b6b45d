"""A recording that is the body of a request, as it is: written to a temporary file as it comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from stts.errors import InvalidRequest
from stts.transcription import AudioData

MEMORY_BYTES = 1_000_000
"""Bytes that are kept in memory; more go to the disk, in a thread."""


@dataclass(frozen=True, slots=True)
class ReceivedBody:
    audio: AudioData
    """Its file is closed by whoever has received it."""
    head: bytes
    """The first bytes as they came."""


async def receive_body(
    request: Request, *, before: Callable[[bytes], bytes], on_chunk: Callable[[bytes], None]
) -> ReceivedBody:
    """Reads the body. Raises InvalidRequest where there is none; errors of the body itself pass.

    `before`: is given the first bytes, and tells what is to stand before them in the file. `on_chunk` is told of each.
    """
    file = SpooledTemporaryFile(max_size=MEMORY_BYTES)  # noqa: SIM115 - closed by whoever gets it
    size, head = 0, b""
    try:
        async for chunk in request.stream():
            if not chunk:
                continue
            on_chunk(chunk)
            if not head:
                head = chunk[:64]
                size += file.write(before(head))
            size += len(chunk)
            # In a thread once it is on the disk.
            await (run_in_threadpool(file.write, chunk) if size > MEMORY_BYTES else _written(file, chunk))
        if not head:
            raise InvalidRequest("The request has no body: it is the recording.", param="body")
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return ReceivedBody(AudioData(cast(BinaryIO, file), size), head)


async def _written(file: SpooledTemporaryFile[bytes], chunk: bytes) -> None:
    file.write(chunk)
