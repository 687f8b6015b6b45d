"""Sound that comes in while it is made: from a microphone, a recording, or a pipe. 16-bit mono at 16 kHz."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import sys
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import suppress
from typing import BinaryIO, cast

from clients.command.exit_status import CommandFailed

RATE = 16_000
BLOCK_BYTES = 1280
"""Audio of 40 ms."""
BLOCK_SECONDS = BLOCK_BYTES / 2 / RATE
MOST_BLOCKS = 250
"""Most blocks that wait to be sent: 10 s."""
STANDARD = "-"


class Blocks:
    """Blocks of sound on their way from a thread to the event loop, which makes it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Queue[bytes | CommandFailed | None] = asyncio.Queue(MOST_BLOCKS)

    def offer(self, block: bytes) -> None:
        """Takes a block without waiting: what is spoken now is of no use later. Called in any thread."""
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._offer, block)

    def put(self, block: bytes | CommandFailed | None) -> bool:
        """Waits for room. Called in a thread; None ends it all, an exception ends it with that.

        Returns False where the loop has ended, so that nobody wants more.
        """
        waiting = self._waiting.put(block)
        try:
            asyncio.run_coroutine_threadsafe(waiting, self._loop).result()
        except (RuntimeError, concurrent.futures.CancelledError):
            waiting.close()
            return False
        return True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (block := await self._waiting.get()) is not None:
            if isinstance(block, CommandFailed):
                raise block
            yield block

    def _offer(self, block: bytes) -> None:
        if not self._waiting.full():
            self._waiting.put_nowait(block)


async def recorded(name: str, *, paced: bool) -> AsyncGenerator[bytes]:
    """The sound of a file, or of the standard input (`-`), in blocks; `paced`: each in the time of its length."""
    blocks = Blocks()
    # Not the loop's own threads: they are waited for at the end, and a pipe may never end.
    threading.Thread(target=_read_into, args=(blocks, name), daemon=True).start()
    loop = asyncio.get_running_loop()
    due = loop.time()
    async for block in blocks:
        yield block
        if paced:
            due = max(due + BLOCK_SECONDS, loop.time() - 1)
            await asyncio.sleep(due - loop.time())


async def typed_lines() -> AsyncIterator[str]:
    """Lines of the standard input, as they come."""
    lines = Blocks()

    def read() -> None:
        for line in standard_input():
            if not lines.put(line):
                return
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    async for line in lines:
        yield line.decode(errors="replace").rstrip("\r\n")


def standard_input() -> BinaryIO:
    """The standard input without a buffer: Python ends badly while a thread reads one with its lock."""
    try:
        return cast(BinaryIO, open(sys.stdin.fileno(), "rb", buffering=0, closefd=False))
    except (OSError, ValueError):
        return sys.stdin.buffer


def _read_into(blocks: Blocks, name: str) -> None:
    try:
        for block in _decoded(name):
            if not blocks.put(block):
                return
        blocks.put(None)
    except CommandFailed as failed:
        blocks.put(failed)


def _decoded(name: str) -> Iterator[bytes]:
    """Blocks of one length, the last one filled up. Raises CommandFailed."""
    import av  # a tenth of a second

    shown = "The standard input" if name == STANDARD else name
    if name != STANDARD and not os.path.exists(name):
        raise CommandFailed(f"{name} cannot be read: there is no such file.")
    resampler, rest = av.AudioResampler("s16", "mono", RATE), b""
    try:
        with av.open(standard_input() if name == STANDARD else name, "r") as container:
            for frame in container.decode(audio=0):
                for part in resampler.resample(frame):
                    rest += part.to_ndarray().tobytes()
                    for start in range(0, len(rest) - BLOCK_BYTES + 1, BLOCK_BYTES):
                        yield rest[start : start + BLOCK_BYTES]
                    rest = rest[len(rest) // BLOCK_BYTES * BLOCK_BYTES :]
    except (av.FFmpegError, IndexError, OSError) as error:
        raise CommandFailed(
            f"{shown} is no recording that can be read ({getattr(error, 'strerror', None) or error})."
        ) from error
    if rest:
        yield rest.ljust(BLOCK_BYTES, b"\0")
