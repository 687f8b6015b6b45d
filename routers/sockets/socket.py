"""One accepted WebSocket, from its place among the others to its goodbye: every socket route shares it.

    async with accepted(websocket, limiter) as socket:       # Busy: refused before it is accepted
        async with Session(...) as session:
            await until_first(read(socket, session), send(socket, session))

Whoever ends first ends the others: the client, a sender that is done, an error, idleness, a server that stops. An
STTSError of the body is told as a last event, what is wrong with one message with `socket.error`: the session goes on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from middleware.edge.route_table import SPAN_LINK
from middleware.listener import listener_name
from middleware.serving.extensions import LEFT
from routers.http.json_text import json_text
from routers.sockets.connection_limiter import ConnectionLimiter
from routers.sockets.incoming import SLICE_SECONDS, Incoming
from routers.sockets.quota_end import QuotaEnd
from routers.sockets.socket_dialect import NATIVE, SocketDialect
from stts.access.networks import network_of
from stts.access.principal import ANONYMOUS, Principal
from stts.context import SOCKET, Priority, RequestContext, RequestFacts, RequestType, caller_priority
from stts.errors import IdleTimeout, STTSError
from stts.streams.spool import MIB, Spool

NORMAL = 1000
"""WebSocket close code."""
GOODBYE_SECONDS = 1.0
"""Seconds for a client that may have stopped reading to read the last event."""


@asynccontextmanager
async def accepted(
    websocket: WebSocket, limiter: ConnectionLimiter, dialect: SocketDialect = NATIVE
) -> AsyncIterator[Socket]:
    """A socket that has a place. Raises Busy and ShuttingDown before it is accepted; afterwards errors are events."""
    spool = Spool(limiter.spools, lambda: limiter.settings().limits.spool_mib * MIB)
    socket = Socket(websocket, limiter.settings().limits.idle_seconds, dialect, spool)
    async with limiter.taken(socket):
        await socket.accept()
        try:
            async with socket.guarded():
                yield socket
                socket.quota_end.check()
        except WebSocketDisconnect:
            return
        except STTSError as error:
            await socket.fail(error)
        else:
            await socket.close()


class Socket:
    """Iterate it for what the client sends, text or binary; it ends when the client leaves. One reader at a time.

    What is sent waits for the transport, in the order of the calls; sending to a client that has left raises
    WebSocketDisconnect, which ends `accepted` without noise.
    """

    def __init__(self, websocket: WebSocket, idle_seconds: float, dialect: SocketDialect, spool: Spool) -> None:
        """`spool`: for what the client sends ahead, closed with the socket."""
        self._websocket = websocket
        self._idle_seconds = idle_seconds
        self._dialect = dialect
        self.quota_end = QuotaEnd()
        self.incoming = Incoming(websocket, spool)
        self._direct = self.incoming.direct
        self._state = websocket.scope.get("state", {})
        self.listener = listener_name(self._state)
        self._loop = asyncio.get_running_loop()
        self._sending = asyncio.Lock()
        self._waiting = 0
        """Messages that are on their way to the transport, or wait for those before them."""
        self._gone = False
        self.active = self._loop.time()
        """When something came or went last: a message, or the audio of a call."""
        self._rested = time.monotonic()
        self._scope: asyncio.Timeout | None = None
        self._reason: Exception | None = None
        self._left: asyncio.Future[int | None] | None = websocket.scope.get("extensions", {}).get(LEFT)

    @property
    def request_id(self) -> str:
        return self._state.get("request_id") or ""

    @property
    def principal(self) -> Principal:
        """The caller that opened it."""
        return self._state.get("principal") or ANONYMOUS

    @property
    def network(self) -> str:
        """The network of the client, as far as it counts for limits."""
        client = self._websocket.client
        return network_of(client.host if client is not None else None)

    def context(self, kind: RequestType) -> RequestContext:
        """Makes the context of one operation on this socket: its route and principal, an id of its own."""
        route = getattr(self._websocket.scope.get("route"), "path", None)
        return RequestContext(
            kind,
            principal=self.principal,
            priority=caller_priority(self.principal, Priority.REALTIME),
            input_data=RequestFacts(
                SOCKET, route, self.network, listener=self.listener, connection=self.request_id or None
            ),
            link=self._state.get(SPAN_LINK),
            on_exceeded=self.quota_end.tell,
        )

    def __aiter__(self) -> AsyncIterator[str | bytes]:
        return self.incoming.__aiter__()

    @property
    def sends_now(self) -> bool:
        """Nothing waits to be sent, and the transport takes more."""
        return not self._waiting and not self._gone and self._direct is not None and self._direct.sends_now

    def send_now(self, message: str | bytes) -> None:
        """Sends without waiting, where `sends_now`: for what comes in small pieces and in its time."""
        assert self._direct is not None
        self._direct.send_now(message)
        self.active = self._loop.time()

    async def send_json(self, event: dict[str, Any]) -> None:
        await self._send(json_text(event))

    async def send_bytes(self, data: bytes) -> None:
        await self._send(data)

    async def error(self, error: STTSError, *, fatal: bool = False) -> None:
        await self.send_json(self._dialect.error_event(error, self.request_id, fatal))

    async def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Nothing more is sent. Does nothing where the client has left."""
        with suppress(WebSocketDisconnect, TimeoutError):
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self._send_by_asgi({"type": "websocket.close", "code": code, "reason": reason})
        self._gone = True

    def close_with(self, error: Exception) -> None:
        """Ends the session with this error, whatever it is doing; one that is not ours goes on to the boundary."""
        self._end(error)

    async def accept(self) -> None:
        offered = self._websocket.scope.get("subprotocols", ())
        await self._websocket.accept(self._dialect.answered(offered))

    async def fail(self, error: STTSError) -> None:
        """The last events and the end."""
        with suppress(WebSocketDisconnect, TimeoutError):
            async with asyncio.timeout(GOODBYE_SECONDS):
                for event in self._dialect.last_events(error, self.request_id):
                    await self.send_json(event)
        await self.close(*self._dialect.goodbye(error))

    @asynccontextmanager
    async def guarded(self) -> AsyncIterator[None]:
        """The part of its life in which it can be closed from outside. Raises what it was closed with."""
        if self._reason is not None:
            raise self._take_reason()
        self._watcher = self._loop.call_later(self._idle_seconds, self._watch)
        if self._left is not None:
            self._left.add_done_callback(self._leave)
        try:
            async with asyncio.timeout(None) as self._scope:
                # Before the session is ready too: it may wait for an engine that is being loaded.
                self.incoming.start(self)
                yield
        except TimeoutError:
            if self._reason is None:
                raise
        finally:
            self._scope = None
            self._watcher.cancel()
            await self.incoming.aclose()
            if self._left is not None:
                self._left.remove_done_callback(self._leave)
            self.quota_end.forget()
        if self._reason is not None:
            raise self._take_reason()

    def _take_reason(self) -> Exception:
        """It is not kept: raised, it holds all that it passes through, this socket with it."""
        assert self._reason is not None
        reason, self._reason = self._reason, None
        return reason

    def left(self) -> None:
        self._gone = True

    def _leave(self, _: asyncio.Future[int | None]) -> None:
        """The client has gone, and the reader may be busy with what it said before."""
        self._gone = True
        self._end(WebSocketDisconnect(1006))

    def _end(self, reason: Exception) -> None:
        if self._reason is None:
            self._reason = reason
            if self._scope is not None:
                self._scope.reschedule(self._loop.time())

    def _watch(self) -> None:
        """Looks after the time of the last message has passed, not at every message."""
        left = self.active + self._idle_seconds - self._loop.time()
        if left > 0:
            self._watcher = self._loop.call_later(left, self._watch)
        else:
            self.close_with(IdleTimeout(f"Nothing was sent on this socket for {self._idle_seconds:g} s."))

    async def _send(self, message: str | bytes) -> None:
        if self.sends_now:
            self.send_now(message)
        else:
            kind = "text" if isinstance(message, str) else "bytes"
            await self._send_by_asgi({"type": "websocket.send", kind: message})
            self.active = self._loop.time()
        # A sender need not have waited for anything, so a flood of events would let nobody else run.
        if time.monotonic() - self._rested > SLICE_SECONDS:
            await asyncio.sleep(0)
            self._rested = time.monotonic()

    async def _send_by_asgi(self, message: dict[str, Any]) -> None:
        self._waiting += 1
        try:
            async with self._sending:
                if self._gone:
                    raise WebSocketDisconnect(1006)
                await self._websocket.send(message)
        except (OSError, RuntimeError):
            # The server says the one or the other, by how the connection has just failed.
            self._gone = True
            raise WebSocketDisconnect(1006) from None
        finally:
            self._waiting -= 1
