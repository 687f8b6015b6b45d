"""One end of the stream between a worker and the process that it was started by: questions, answers, notes.

A frame is its length and a JSON text of plain values. Both ends may ask; each answers in the order in which its answers
are there. Nothing is pickled, and nothing waits without a bound.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any, cast

import structlog

from stts.tracebacks import describe

HEAD = struct.Struct("<I")
MOST_BYTES = 1 << 25
"""Bytes of a frame; a history of the longest conversation has 4 MB."""
MOST_UNSENT = 1 << 26
"""Bytes that wait for the other end: beyond, it has stopped reading, and the line is cut."""
MOST_ASKED = 20_000
"""Questions that wait for an answer."""
MOST_ANSWERING = 5_000
"""Questions of the other end that are being answered."""
CLOSE_SECONDS = 1.0
"""Longest wait until the other end has read the last."""
NOTE, QUESTION, ANSWER, FAILURE = 0, 1, 2, 3
"""Kinds of frames: [0, topic, value], [1, number, topic, value], [2, number, value], [3, number]."""

Plain = Any
"""None, numbers, text, lists, and mappings by text."""
Handle = Callable[[str, Plain], "Plain | Awaitable[Plain]"]
"""Answers a question or takes a note, by its topic: at once, or with what is to be waited for."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class LineCut(ConnectionError):
    """Raised where the other end has gone, does not answer in time, or could not answer."""


class Line(asyncio.Protocol):
    """Made for one connected socket; ends with it."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._number = 0
        self._asked: dict[int, asyncio.Future[Plain]] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self.ended = asyncio.Event()
        """Set once the other end has gone, or this one has closed."""

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, topic: str, value: Plain, seconds: float) -> Plain:
        """The answer of the other end. Raises LineCut."""
        if len(self._asked) >= MOST_ASKED:
            raise LineCut("Too much waits for the other end.")
        self._number += 1
        number = self._number
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        try:
            self._write([QUESTION, number, topic, value])
            async with asyncio.timeout(seconds):
                return await answer
        except TimeoutError:
            raise LineCut("The other end does not answer.") from None
        finally:
            del self._asked[number]

    def tell(self, topic: str, value: Plain) -> None:
        """Returns at once. Raises LineCut where the other end is known to have gone."""
        self._write([NOTE, topic, value])

    async def close(self) -> None:
        """Sends what waits, for a moment at most."""
        if (transport := self._transport) is None:
            return
        transport.close()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.ended.wait()
        except TimeoutError:
            transport.abort()
            await self.ended.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A stream, whose transport uvloop makes by a class of its own.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        start = 0
        while len(received) - start >= HEAD.size:
            (length,) = HEAD.unpack_from(received, start)
            if length > MOST_BYTES:
                self._abort("frame_too_long")
                return
            end = start + HEAD.size + length
            if len(received) < end:
                break
            frame = bytes(received[start + HEAD.size : end])
            start = end
            try:
                self._take(json.loads(frame))
            except (ValueError, TypeError, LookupError) as error:
                self._abort("unreadable_frame", describe(error, with_messages=False))
                return
        del received[:start]

    def connection_lost(self, error: Exception | None) -> None:
        self._received.clear()
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(LineCut("The other end has gone."))
        for task in self._answering:
            task.cancel()
        self.ended.set()

    def _take(self, frame: list[Any]) -> None:
        match frame:
            case [0, topic, value]:
                self._obey(None, topic, value)
            case [1, number, topic, value]:
                self._obey(number, topic, value)
            case [2, number, value]:
                if (answer := self._asked.get(number)) is not None and not answer.done():
                    answer.set_result(value)
            case [3, number]:
                if (answer := self._asked.get(number)) is not None and not answer.done():
                    answer.set_exception(LineCut("The other end could not answer."))
            case _:
                raise ValueError("This is no frame.")

    def _obey(self, number: int | None, topic: str, value: Plain) -> None:
        """An error of one answer is not one of the line: both ends go on."""
        try:
            self._begin(number, self._handle(topic, value))
        except Exception as error:  # noqa: BLE001 - told to the log and to whoever asked, whatever it is
            self._failed(number, error)

    def _begin(self, number: int | None, found: Plain | Awaitable[Plain]) -> None:
        """Sends an answer that is there; waits in a task for one that comes later."""
        if not isawaitable(found):
            if number is not None:
                self._answer(number, found)
            return
        if len(self._answering) >= MOST_ANSWERING:
            # Begun and ended at once, so that nothing is left of it.
            asyncio.ensure_future(found).cancel()
            self._fail(number)
            return
        task = asyncio.ensure_future(self._answer_later(number, found))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)
        task.add_done_callback(lambda done: self._look_at(done, number))

    async def _answer_later(self, number: int | None, found: Awaitable[Plain]) -> None:
        value = await found
        if number is not None:
            self._answer(number, value)

    def _look_at(self, task: asyncio.Task[None], number: int | None) -> None:
        """Whoever asked must not wait for an answer that failed."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed(number, error)

    def _failed(self, number: int | None, error: BaseException) -> None:
        log.error("peer_question_failed", traceback=describe(error, with_messages=False))
        self._fail(number)

    def _fail(self, number: int | None) -> None:
        if number is not None and self.is_open:
            self._write([FAILURE, number])

    def _answer(self, number: int, value: Plain) -> None:
        if not self.is_open:
            return
        try:
            self._write([ANSWER, number, value])
        except LineCut as error:
            log.error("peer_answer_not_sent", error=str(error))
            self._fail(number)

    def _write(self, frame: list[Plain]) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            raise LineCut("The other end has gone.")
        data = json.dumps(frame, separators=(",", ":"), check_circular=False).encode()
        if len(data) > MOST_BYTES:
            raise LineCut("This is too much for one frame.")
        transport.write(HEAD.pack(len(data)) + data)
        if transport.get_write_buffer_size() > MOST_UNSENT:
            self._abort("peer_does_not_read")

    def _abort(self, why: str, traceback: str = "") -> None:
        log.error(why, traceback=traceback)
        if self._transport is not None:
            self._transport.abort()


async def open_line(line: Line, sock: Any) -> None:
    """Puts a line on a connected stream socket, which it owns from then on."""
    await asyncio.get_running_loop().create_unix_connection(lambda: line, sock=sock)
