"""The messages of a WebSocket as they are read: a slice at a time, with a turn for everybody else in between.

Tens of thousands of tiny messages that one read brings do not hold up the loop. Whoever wants the messages without ASGI
gets them by the extension DIRECT, and sends its own so.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from starlette.types import Message
from uvicorn._types import ASGIReceiveEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

from middleware.serving.event_queue import EventQueue
from middleware.serving.whole_frames import awaits_frame, frame_of, whole_message, whole_messages
from stts.streams.flag import Flag

SLICE_BYTES = 8_192
"""Parsed at once: some 1,000 of the smallest messages, 5 ms."""
SLICE_SECONDS = 0.002
"""Time for which messages are handed on before others have their turn."""
NOTHING = memoryview(b"")
"""In place of the empty end of a read, which would hold on to all of it."""
NOT_UTF_8 = 1007
"""WebSocket close code."""


class SlicedMessages(WebSocketsSansIOProtocol):
    # Beside uvicorn's attributes: with ours among them its dictionary of each connection would be twice as large.
    __slots__ = ("_between", "_next", "_parsed", "_take", "_unparsed", "_until")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # In place of asyncio's, which take 4 KB of each connection.
        self.queue = EventQueue()  # type: ignore[assignment]
        self.writable = Flag()  # type: ignore[assignment]
        self.writable.set()
        self._unparsed = NOTHING
        self._next: asyncio.Handle | None = None
        """The slice that is parsed next. Reading is paused while there is one."""
        self._take: Callable[[str | bytes], bool] | None = None
        """Gets messages past ASGI."""
        self._parsed: list[str | bytes] = []
        """Messages that it has not taken yet, those of one slice at most."""
        self._until = 0.0
        """When others have their turn, by the monotonic clock."""
        self._between = False
        """All that was read has been handed on, and the parser has begun neither a frame nor a message."""

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._unparsed = NOTHING
        self._take = None
        self._parsed.clear()
        if self._next is not None:
            self._next.cancel()

    def data_received(self, data: bytes) -> None:
        if self._between and self._take is not None and self.conn.state is State.OPEN:
            message = whole_message(data, self.config.ws_max_size)
            if message is not None:
                if not self._take(message):
                    self._pause()
                return
        self._between = False
        self._unparsed = memoryview(bytes(self._unparsed) + data) if self._unparsed else memoryview(data)
        if self._next is None:
            self._parse()

    def _parse(self) -> None:
        self._next = None
        self._until = time.monotonic() + SLICE_SECONDS
        self._hand_on()
        if not self._parsed and not self._cut():
            part, self._unparsed = self._unparsed[:SLICE_BYTES], self._unparsed[SLICE_BYTES:] or NOTHING
            super().data_received(part)  # type: ignore[arg-type]  # which copies it
        if self.transport.is_closing():
            self._unparsed = NOTHING
        elif not self.read_paused:
            self._go_on()

    def _cut(self) -> bool:
        """Hands on messages that are whole frames, as far as they go; False: there is none."""
        if not self._awaits_frame:
            return False
        messages, rest = whole_messages(self._unparsed, self.config.ws_max_size, SLICE_BYTES)
        self._unparsed = rest or NOTHING
        self._parsed.extend(messages)
        self._hand_on()
        return bool(messages)

    @property
    def _awaits_frame(self) -> bool:
        """Messages are wanted, past ASGI, and the parser has begun none."""
        wanted = self._take is not None and self.conn.state is State.OPEN
        return wanted and self.conn.current_size is None and awaits_frame(self.conn)

    def _go_on(self) -> None:
        """Feeds the bytes that were read already, before more are read."""
        if self._unparsed or self._parsed:
            self._between = False
            self.transport.pause_reading()
            self._next = self._next or self.loop.call_soon(self._parse)
        else:
            self._between = self._awaits_frame
            self.transport.resume_reading()

    def send_receive_event_to_app(self) -> None:
        if self._take is None:
            super().send_receive_event_to_app()
            return
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        self.frames = []
        if self.close_sent:
            return
        try:
            self._parsed.append(data.decode() if self.curr_msg_data_type == "text" else data)
        except UnicodeDecodeError:
            self.conn.send_close(NOT_UTF_8)
            self.handle_parser_exception()
            return
        self._hand_on()

    def _hand_on(self) -> None:
        while self._parsed and not self.read_paused and self._take is not None and time.monotonic() < self._until:
            if not self._take(self._parsed.pop(0)):
                self._pause()

    def _pause(self) -> None:
        """Reads no more until `take_more`."""
        self.read_paused, self._between = True, False
        self.transport.pause_reading()

    def hand_to(self, take: Callable[[str | bytes], bool]) -> None:
        self._take = take
        while not self.queue.empty():
            event: Any = self.queue.get_nowait()
            if event["type"] == "websocket.receive":
                self._parsed.append(event["text"] if event.get("bytes") is None else event["bytes"])
        self.take_more()

    def take_more(self) -> None:
        self.read_paused = False
        if not self.transport.is_closing():
            self._go_on()

    def give_back(self, message: Message) -> None:
        self.queue.put_back(message)  # type: ignore[attr-defined]

    @property
    def sends_now(self) -> bool:
        is_open = not self.close_sent and self.conn.state is State.OPEN
        return is_open and not self.conn.extensions and self.writable.is_set()

    def send_now(self, message: str | bytes) -> bool:
        if not self.sends_now:
            return False
        self.transport.write(frame_of(message))
        return True

    async def receive(self) -> ASGIReceiveEvent:
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            if not self.transport.is_closing():
                self._go_on()
        return message
