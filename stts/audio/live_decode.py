"""Decodes a recording while it is still being made: a browser's WebM, Ogg, MP3, in pieces of any length.

The decoder is foreign, blocking code that reads when it likes: it runs in a thread, and reads from a pipe.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from io import UnsupportedOperation

from stts.audio.decode import Decoder
from stts.engine_api import Samples
from stts.streams.channel import Channel

MOST_BYTES = 65_536
"""Most bytes that may wait to be decoded, beside one message."""
BLOCK_SECONDS = 0.06


class Pipe:
    """Bytes from the event loop, which makes it, to one blocking reader in a thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._channel: Channel[bytes] = Channel(MOST_BYTES)
        self._rest = memoryview(b"")

    async def write(self, data: bytes) -> None:
        """Appends bytes; waits while more than `MOST_BYTES` are unread."""
        await self._channel.room()
        if data and not self._channel.closed:
            self._channel.put(data, len(data))

    def close(self) -> None:
        """Ends the stream for the reader."""
        self._channel.close()

    def read(self, size: int = -1, /) -> bytes:
        """Returns at least one byte (blocking, called in the thread); empty at the end."""
        if not self._rest:
            taken = asyncio.run_coroutine_threadsafe(self._channel.take(), self._loop).result()
            self._rest = memoryview(b"".join(taken))
        size = size if size >= 0 else len(self._rest)
        part, self._rest = self._rest[:size], self._rest[size:]
        return bytes(part)

    def seekable(self) -> bool:
        return False

    def seek(self, offset: int, whence: int = 0, /) -> int:
        raise UnsupportedOperation

    def tell(self) -> int:
        raise UnsupportedOperation


def decode_live(pipe: Pipe) -> Iterator[Samples]:
    """Yields mono float32 blocks at 16 kHz until the pipe is closed. Blocking. Raises UndecodableAudio."""
    yield from Decoder(pipe, max_seconds=math.inf, block_seconds=BLOCK_SECONDS)
