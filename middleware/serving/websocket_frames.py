"""The frames of a WebSocket: a flood of them fills no memory, and nobody stays for ever.

This class is handed to uvicorn as its `ws`; uvicorn bounds the size of a message and what waits to be sent, and
`sliced_messages.py` what is parsed at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from uvicorn._types import ASGISendEvent
from websockets.exceptions import InvalidHandshake
from websockets.frames import Frame
from websockets.http11 import Request

from middleware.edge.route_table import RouteTable
from middleware.serving.connections import Connections
from middleware.serving.early import NO_ROUTES, refusal
from middleware.serving.extensions import DIRECT, LEFT
from middleware.serving.sliced_messages import SlicedMessages
from stts.errors import MalformedRequest

MOST_FRAGMENTS = 65_536
"""Most fragments of one message: empty ones have no size to be bounded by."""
NO_STATUS, TOO_BIG, RESTARTS = 1005, 1009, 1012
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


class BoundedFrames(SlicedMessages):
    __slots__ = ("_among", "_goodbye", "_left", "_linger", "_table")

    def __init__(
        self,
        *arguments: Any,
        connections: Connections | None = None,
        table: RouteTable = NO_ROUTES,
        **options: Any,
    ) -> None:
        """`connections`: among which it was counted when it was an HTTP request; `table` says how errors are worded."""
        super().__init__(*arguments, **options)
        self._among = connections
        self._table = table
        self.logger = self.conn.logger = logger
        self._linger: asyncio.TimerHandle | None = None
        self._goodbye: asyncio.TimerHandle | None = None
        """The client's close, while it is not answered."""
        self._left: asyncio.Future[int | None] = self.loop.create_future()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._among is not None:
            self._among.leave(self.transport)
        self._tell_left(NO_STATUS)
        for handle in (self._linger, self._goodbye):
            if handle is not None:
                handle.cancel()

    def handle_connect(self, event: Request) -> None:
        """A request that opens no socket is refused in our form, where uvicorn answers in plain text."""
        try:
            self.conn.process_request(event)
        except InvalidHandshake as error:
            self._refuse(error, event.path.encode())
        else:
            super().handle_connect(event)

    def handle_events(self) -> None:
        """A head that the library cannot read is no event, and uvicorn would wait for one for ever."""
        super().handle_events()
        unread = None if self.handshake_initiated else self.conn.handshake_exc
        if unread is not None:
            self._refuse(unread.__cause__ or unread, b"/")

    def _refuse(self, why: BaseException, address: bytes) -> None:
        self.handshake_initiated = self.handshake_complete = self.close_sent = True
        refused = MalformedRequest(f"This opens no WebSocket of version 13: {why}.")
        self.transport.write(refusal(refused, address, self._table, kind="websocket"))
        self.transport.close()

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
