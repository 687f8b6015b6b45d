"""Sockets whose key comes in their first message: browsers cannot set headers on a socket.

Such a socket is accepted before anybody is admitted, waits for that one message, and goes on as if its key had come in
a header: the application is told of the connection and of the message once the key is known.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.types import Message, Receive, Send
from starlette.websockets import WebSocketDisconnect

from middleware.serving.extensions import DirectMessages
from stts.errors import Busy, STTSError

KEY_SECONDS = 10.0
"""Seconds for the first message."""
MOST_WAITING = 32
"""Sockets of one listener that may wait for it."""
POLICY_VIOLATION = 1008
"""WebSocket close code."""
REASON_BYTES = 120

ReadKey = Callable[[str | bytes], bytes | None]
"""Reads the key out of a message; None: there is none in it."""


@dataclass(frozen=True, slots=True)
class MessageKey:
    """How a dialect's first message brings a key."""

    read: ReadKey
    error_event: Callable[[STTSError, str, bool], dict[str, Any]]
    """An error, a request id, and whether it is the last -> the message that tells it."""


class LateKeys:
    """Those of one listener."""

    def __init__(self, seconds: float = KEY_SECONDS, most: int = MOST_WAITING) -> None:
        self._seconds = seconds
        self._most = most
        self._waiting = 0

    async def opened(self, receive: Receive, send: Send, direct: DirectMessages | None = None) -> KeylessSocket:
        """Accepts a socket and waits for its first message, which the transport gets back where it hands messages on
        past ASGI (`direct`). Raises Busy before it is accepted, and WebSocketDisconnect
        where nothing comes."""
        if self._waiting >= self._most:
            raise Busy("Too many sockets wait for their keys; a key in a header is looked at at once.")
        self._waiting += 1
        socket = KeylessSocket(receive, send, direct)
        try:
            async with asyncio.timeout(self._seconds):
                await socket.open()
        except TimeoutError:
            await socket.close("No key came in time.")
            raise WebSocketDisconnect(POLICY_VIOLATION) from None
        finally:
            self._waiting -= 1
        return socket


class KeylessSocket:
    """A socket that was accepted early. `receive` and `send` are for the application, which accepts it once more."""

    def __init__(self, receive: Receive, send: Send, direct: DirectMessages | None) -> None:
        self._receive = receive
        self._send = send
        self._direct = direct
        self._early: deque[Message] = deque()
        """Messages that the application has not seen."""
        self.first: str | bytes = b""
        """The text or the bytes of the first message."""

    async def open(self) -> None:
        """Raises WebSocketDisconnect where the client leaves."""
        self._early.append(await self._receive())
        await self._send({"type": "websocket.accept"})
        message = await self._receive()
        if message["type"] != "websocket.receive":
            raise WebSocketDisconnect(message.get("code", 1006))
        if self._direct is not None:
            self._direct.give_back(message)
        else:
            self._early.append(message)
        text = message.get("text")
        self.first = text if text is not None else message.get("bytes") or b""

    async def receive(self) -> Message:
        return self._early.popleft() if self._early else await self._receive()

    async def send(self, message: Message) -> None:
        match message["type"]:
            case "websocket.accept" | "websocket.http.response.body":
                return
            case "websocket.http.response.start":
                await self.close(f"Refused: {message['status']}")
            case _:
                await self._send(message)

    async def refuse(self, event: dict[str, Any], error: STTSError) -> None:
        await self._send({"type": "websocket.send", "text": json.dumps(event)})
        await self.close(error.message)

    async def close(self, reason: str) -> None:
        short = reason.encode()[:REASON_BYTES].decode(errors="ignore")
        await self._send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": short})
