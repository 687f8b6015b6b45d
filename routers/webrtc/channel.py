"""A data channel in the place of a WebSocket: the server's side of one, as ASGI has it.

So whatever a dialect does on its sockets, it does on a data channel: the same bounds, limits, errors and goodbyes, and
not a second implementation of any of them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from starlette.types import Message, Scope

from middleware.serving.extensions import LEFT
from stts.errors import PayloadTooLarge

MOST_BYTES = 1_048_576
"""Received and not taken yet. A socket is read as fast as it fills; this one fills by itself."""
MOST_MESSAGES = 4_096
UNSENT_BYTES = 262_144
"""Bytes that may wait for the network: a client that reads nothing holds up whoever tells it something."""
MOST_CHANNELS = 16
"""Channels that one client may open, of which the first is spoken on."""
FLUSH_SECONDS = 1.0


class Channel(Protocol):
    """The part that is used of the transport's data channel."""

    @property
    def readyState(self) -> str: ...

    @property
    def bufferedAmount(self) -> int: ...

    def send(self, data: str | bytes) -> None: ...

    def close(self) -> None: ...

    def on(self, event: str, f: Callable[..., Any], /) -> Any: ...


class ChannelSocket:
    """`receive` and `send` of a WebSocket whose scope is that of the request which offered the call."""

    def __init__(self, request: Scope, *, awaited: bool) -> None:
        """`awaited`: the client opens a channel. Otherwise it is told of no events."""
        self._left = asyncio.get_running_loop().create_future()
        self.scope: Scope = {
            **{name: request[name] for name in ("path", "headers", "query_string", "state")},
            **{name: request.get(name) for name in ("client", "server", "route", "root_path", "app")},
            "type": "websocket",
            "subprotocols": [],
            "extensions": {LEFT: self._left},
        }
        self._awaited = awaited
        self._channel: Channel | None = None
        self._channels = 0
        self._received: deque[str | bytes] = deque()
        self._bytes = 0
        self._greeted = False
        self._flooded = False
        self._longest: int | None = None
        self._changed = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """The client can be told of events, or will not be."""
        return not self._awaited or self._channel is not None

    async def opened(self) -> None:
        """Waits until the client has opened its channel, or has left."""
        while not self.is_open and not self._left.done():
            await self._change()

    def attach(self, channel: Channel, longest: int | None = None) -> None:
        """Called by the transport for each channel that the client opens. `longest`: bytes of a message to it."""
        self._channels += 1
        if self._channels > MOST_CHANNELS:
            self.leave()
        if self._channel is not None:
            channel.close()
            return
        self._channel, self._longest = channel, longest
        channel.on("message", self._take)
        channel.on("bufferedamountlow", self._changed.set)
        channel.on("close", self.leave)
        self._changed.set()

    def leave(self) -> None:
        """The client has gone. May be called again."""
        if not self._left.done():
            self._left.set_result(None)
        self._received.clear()
        self._bytes = 0
        self._changed.set()

    async def receive(self) -> Message:
        if not self._greeted:
            self._greeted = True
            return {"type": "websocket.connect"}
        while not self._received:
            if self._left.done():
                return {"type": "websocket.disconnect", "code": 1006}
            if self._flooded:
                raise PayloadTooLarge("Messages came faster than they could be taken.")
            await self._change()
        message = self._received.popleft()
        self._bytes -= len(message)
        name = "text" if isinstance(message, str) else "bytes"
        return {"type": "websocket.receive", name: message}

    async def send(self, message: Message) -> None:
        """Raises OSError once the client has gone, PayloadTooLarge for more than it takes at once."""
        if message["type"] == "websocket.close":
            await self._close()
        elif message["type"] == "websocket.send":
            await self._send(message["text"] if message.get("text") is not None else message["bytes"])

    async def _send(self, data: str | bytes) -> None:
        await self.opened()
        if self._channel is None:
            if self._awaited:
                raise ConnectionResetError
            return
        if self._longest and len(data) > self._longest:
            raise PayloadTooLarge(f"The client takes messages of at most {self._longest} bytes on its data channel.")
        while self._channel.bufferedAmount > UNSENT_BYTES and not self._left.done():
            await self._change()
        if self._left.done() or self._channel.readyState != "open":
            raise ConnectionResetError
        self._channel.send(data)

    async def _close(self) -> None:
        """All that was sent has arrived, or never will."""
        channel, self._channel, self._awaited = self._channel, None, False
        if channel is not None and channel.readyState == "open":
            closed = asyncio.Event()
            channel.on("close", closed.set)
            channel.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_SECONDS):
                    await closed.wait()

    def _take(self, message: str | bytes) -> None:
        if self._flooded or self._left.done():
            return
        if self._bytes + len(message) > MOST_BYTES or len(self._received) >= MOST_MESSAGES:
            self._flooded = True
        else:
            self._received.append(message)
            self._bytes += len(message)
        self._changed.set()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()
