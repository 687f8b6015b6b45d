"""Lines that are spoken as they come, over WS /ws/tts: each is heard while the next is still being written."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from clients.caller import Caller
from clients.command.exit_status import CommandFailed
from clients.command.incoming import Blocks
from clients.command.output import wav_header
from clients.command.sockets import messages, opened, tell
from stts.loop_thread import LoopThread

PATH = "/ws/tts"
RATE = 24_000
"""Sample rate in Hz of WAV and PCM, which is the same whoever speaks a line."""
RAW = ("wav", "pcm")
"""Formats of which one line can follow the other without a new head."""
MOST_BLOCKS = 16
"""Most blocks of audio that wait to be played or written."""


def spoken(caller: Caller, wishes: Mapping[str, Any], lines: Iterable[bytes]) -> Iterator[bytes]:
    """One file of audio, as it is made. Raises CommandFailed.

    `wishes`: fields of POST /tts, `format` among them. The socket lives in a thread of its own: it answers the server
    while a player takes its time.
    """
    loop = LoopThread("socket")
    try:
        speech = loop.run(_Speech.begun(caller, wishes, lines))
        # What was refused from the start is no file.
        if (first := loop.run(speech.next())) and wishes["format"] == "wav":
            yield wav_header(RATE)
        yield first
        while block := loop.run(speech.next()):
            yield block
    finally:
        loop.stop()


class _Speech:
    """Audio of the lines, made ahead of whoever plays it by a task of the event loop, which ends with that loop."""

    def __init__(self) -> None:
        self._made: asyncio.Queue[bytes | Exception] = asyncio.Queue(MOST_BLOCKS)
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def begun(cls, caller: Caller, wishes: Mapping[str, Any], lines: Iterable[bytes]) -> _Speech:
        speech = cls()
        speech._task = asyncio.create_task(speech._make(caller, wishes, lines))
        return speech

    async def next(self) -> bytes:
        """The next block; nothing at the end. Raises CommandFailed."""
        block = await self._made.get()
        if isinstance(block, Exception):
            raise block
        return block

    async def _make(self, caller: Caller, wishes: Mapping[str, Any], lines: Iterable[bytes]) -> None:
        try:
            await self._speak(caller, wishes, lines)
        except Exception as error:  # noqa: BLE001 - carried over to the reader, whatever it is
            await self._made.put(error)
        else:
            await self._made.put(b"")

    async def _speak(self, caller: Caller, wishes: Mapping[str, Any], lines: Iterable[bytes]) -> None:
        apart = wishes["format"] in RAW
        config = {**wishes, "format": "pcm", "sample_rate": RATE} if apart else wishes
        async with opened(caller, PATH, {}) as socket:
            await tell(socket, "config", **config)
            sending = asyncio.create_task(_send(socket, _read(lines), apart))
            try:
                async for message in messages(socket):
                    if isinstance(message, bytes):
                        await self._made.put(message)
                    elif message["type"] == "error":
                        raise CommandFailed(message["message"])
            finally:
                sending.cancel()
                (outcome,) = await asyncio.gather(sending, return_exceptions=True)
        if isinstance(outcome, Exception):
            raise outcome


def _read(lines: Iterable[bytes]) -> Blocks:
    """The lines, read in a thread that may wait for one for ever: the command does not wait for it."""
    read = Blocks()

    def pass_on() -> None:
        for line in lines:
            if not read.put(line):
                return
        read.put(None)

    threading.Thread(target=pass_on, daemon=True).start()
    return read


async def _send(socket: ClientConnection, lines: Blocks, apart: bool) -> None:
    """`apart`: each line is an utterance, so that there may be any number of them. Raises CommandFailed."""
    wrong = None
    # A socket that is closed, by either side, has no use for more.
    with suppress(ConnectionClosed):
        try:
            async for line in lines:
                if line.strip():
                    await tell(socket, "text", text=line.decode())
                    await tell(socket, "end" if apart else "flush")
        except UnicodeDecodeError:
            wrong = CommandFailed("The standard input is not UTF-8.")
        await tell(socket, "close")
    if wrong is not None:
        raise wrong
