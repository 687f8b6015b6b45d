"""The frames of a WebSocket: a flood of them neither starves the loop nor fills memory, and nobody stays for ever.

What one read brings is parsed a slice at a time, so that tens of thousands of tiny messages do not hold up everybody
else. This class is handed to uvicorn as its `ws`; uvicorn bounds the size of a message and what waits to be sent.
Whoever wants the messages without ASGI gets them by the extension DIRECT.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

from starlette.types import Message
from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.protocol import State

from middleware.serving.connections import Connections
from middleware.serving.event_queue import EventQueue
from middleware.serving.extensions import DIRECT, LEFT
from middleware.serving.whole_frames import awaits_frame, frame_of, whole_message, whole_messages
from stts.streams.flag import Flag

SLICE_BYTES = 8_192
"""Parsed at once: some 1,000 of the smallest messages, 5 ms."""
SLICE_SECONDS = 0.002
"""Time for which messages are handed on before others have their turn."""
MOST_FRAGMENTS = 65_536
"""Most fragments of one message: empty ones have no size to be bounded by."""
NOTHING = memoryview(b"")
"""In place of the empty end of a read, which would hold on to all of it."""
NO_STATUS, NOT_UTF_8, TOO_BIG, RESTARTS = 1005, 1007, 1009, 1012
"""WebSocket close codes."""
LINGER_SECONDS = 10.0
"""Seconds for a client to read the rest when its session has ended."""
ENDING_SECONDS = 5.0
"""Seconds for a session to end after its client has closed; then the close is answered all the same."""

logger = logging.getLogger("uvicorn.error.websocket")
logger.setLevel(logging.WARNING)  # uvicorn tells of each socket with its query, in which there may be a key


def is_ours(record: logging.LogRecord) -> bool:
    """True if an error on a socket is the server's. Text that is not UTF-8 is the client's; it is told with 1007."""
    return not (record.exc_info and isinstance(record.exc_info[1], UnicodeDecodeError))


logger.addFilter(is_ours)


class BoundedFrames(WebSocketsSansIOProtocol):
    # Beside uvicorn's attributes: with ours among them its dictionary of each connection would be twice as large.
    __slots__ = (
        "_among",
        "_between",
        "_goodbye",
        "_left",
        "_linger",
        "_next",
        "_parsed",
        "_take",
        "_unparsed",
        "_until",
    )

    def __init__(self, *arguments: Any, connections: Connections | None = None, **options: Any) -> None:
        """`connections`: among which it was counted when it was an HTTP request."""
        super().__init__(*arguments, **options)
        # In place of asyncio's, which take 4 KB of each connection.
        self.queue = EventQueue()  # type: ignore[assignment]
        self.writable = Flag()  # type: ignore[assignment]
        self.writable.set()
        self._among = connections
        self.logger = self.conn.logger = logger
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
        self._linger: asyncio.TimerHandle | None = None
        self._goodbye: asyncio.TimerHandle | None = None
        """The client's close, while it is not answered."""
        self._left: asyncio.Future[int | None] = self.loop.create_future()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._among is not None:
            self._among.leave(self.transport)
        self._tell_left(NO_STATUS)
        self._unparsed = NOTHING
        self._take = None
        self._parsed.clear()
        for handle in (self._next, self._linger, self._goodbye):
            if handle is not None:
                handle.cancel()

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

    def run_asgi(self) -> Coroutine[Any, Any, None]:
        app = self.app

        async def until_ended(scope: Any, receive: Any, send: Any) -> None:
            self.app = app  # this function, and a scope that has this connection, would hold it for ever
            extensions = {**scope["extensions"], LEFT: self._left, DIRECT: self}
            try:
                await app({**scope, "extensions": extensions}, receive, send)
            finally:
                self._answer_goodbye()

        self.app = until_ended
        return super().run_asgi()

    def handle_close(self, event: Frame) -> None:
        """The client's close is answered when its session has ended: what the session held is free by then."""
        if self.close_sent or not self.handshake_complete or self.transport.is_closing():
            super().handle_close(event)
            return
        received = self.conn.close_rcvd
        assert received is not None
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": received.code, "reason": received.reason})
        self._goodbye = self.loop.call_later(ENDING_SECONDS, self._answer_goodbye)
        self._tell_left(received.code)

    def shutdown(self) -> None:
        if self._goodbye is None:
            super().shutdown()
            self._tell_left(RESTARTS)

    def _answer_goodbye(self) -> None:
        if self._goodbye is None:
            return
        self._goodbye.cancel()
        self._goodbye = None
        if not self.transport.is_closing():
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    def _tell_left(self, code: int | None) -> None:
        if not self._left.done():
            self._left.set_result(code)

    async def send(self, message: ASGISendEvent) -> None:
        await super().send(message)
        if message["type"] == "websocket.accept" and self.handshake_complete:
            del self.request, self.response, self.scope  # nobody asks for the handshake any more
        elif message["type"] == "websocket.http.response.body" and self.close_sent:
            self.handshake_complete = True  # or uvicorn logs an error of ours for each socket that is refused

    async def receive(self) -> ASGIReceiveEvent:
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            if not self.transport.is_closing():
                self._go_on()
        return message

    def handle_ping(self) -> None:
        """A client that sends pings and reads no pong gets none: RFC 6455 lets the latest stand for all."""
        output = self.conn.data_to_send()
        if self.writable.is_set():
            self.transport.write(b"".join(output))

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) < MOST_FRAGMENTS:
            super().handle_cont(event)
        elif not self.close_sent:
            self.conn.fail(TOO_BIG, "too many fragments")
            self.handle_parser_exception()

    def handle_parser_exception(self) -> None:
        super().handle_parser_exception()
        self._tell_left(self.conn.close_sent.code if self.conn.close_sent is not None else None)

    def keepalive_timeout(self) -> None:
        """A pong may lie unread while the session works on earlier messages: that is no sign of a dead client."""
        if self.read_paused:
            self.pong_timer = None
            self.schedule_ping()
        else:
            super().keepalive_timeout()

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        super().on_task_complete(task)
        if not self.disconnected:
            self._linger = self.loop.call_later(LINGER_SECONDS, self.transport.abort)
