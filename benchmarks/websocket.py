"""A WebSocket client that costs little, so that hundreds of callers leave the processor to the server.

What it sends is masked with zeros, which leaves the bytes as they are: a frame is made once and sent by any number of
callers. It speaks as much of RFC 6455 as this server needs: whole messages, no extensions.
"""

from __future__ import annotations

import asyncio
import base64
import os
import struct
import time
from collections.abc import Callable, Mapping
from typing import cast
from urllib.parse import urlencode

HOST = "127.0.0.1"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
"""Opcodes."""

Query = Mapping[str, str | int]
Received = Callable[[float, str | bytes], None]
"""Called with `time.monotonic()` and each message."""


class Refused(Exception):
    """The server did not accept the socket."""


class BadFrame(Exception):
    """Something that this client does not understand."""


def frame(message: str | bytes, opcode: int | None = None) -> bytes:
    """A message as a client sends it."""
    data = message.encode() if isinstance(message, str) else message
    opcode = opcode or (TEXT if isinstance(message, str) else BINARY)
    if len(data) < 126:
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | len(data))
    elif len(data) < 1 << 16:
        head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, len(data))
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, len(data))
    return head + bytes(4) + data


class WebSocket(asyncio.Protocol):
    """Made by `connect`."""

    def __init__(self, received: Received) -> None:
        self._received = received
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._accepted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def send(self, message: str | bytes) -> None:
        self.send_frame(frame(message))

    def send_frame(self, data: bytes) -> None:
        """Sends a frame made by `frame`."""
        assert self._transport is not None
        self._transport.write(data)

    async def close(self) -> None:
        """Says goodbye and hangs up."""
        assert self._transport is not None
        self.send_frame(frame(struct.pack("!H", 1000), CLOSE))
        self._transport.close()
        await self.closed

    async def upgraded(self, path: str) -> None:
        """Raises Refused."""
        key = base64.b64encode(os.urandom(16)).decode()
        self.send_frame(
            f"GET {path} HTTP/1.1\r\nhost: {HOST}\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
            f"sec-websocket-version: 13\r\nsec-websocket-key: {key}\r\n\r\n".encode()
        )
        await self._accepted

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's are no subclasses.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        at = time.monotonic()
        self._buffer += data
        if not self._accepted.done() and not self._head():
            return
        while (message := self._next()) is not None:
            opcode, payload = message
            if opcode == TEXT:
                self._received(at, payload.decode())
            elif opcode == BINARY:
                self._received(at, payload)
            elif opcode == PING:
                self.send_frame(frame(payload, PONG))

    def connection_lost(self, error: Exception | None) -> None:
        if not self._accepted.done():
            self._accepted.set_exception(Refused("the connection ended"))
        if not self.closed.done():
            self.closed.set_result(None)

    def _head(self) -> bool:
        """True if the answer to the handshake is complete, and good."""
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return False
        if not head.startswith(b"HTTP/1.1 101"):
            self._accepted.set_exception(Refused(head.split(b"\r\n")[0].decode(errors="replace")))
            return False
        self._buffer = rest
        self._accepted.set_result(None)
        return True

    def _next(self) -> tuple[int, bytes] | None:
        """The next whole frame."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        if not buffer[0] & 0x80 or buffer[1] & 0x80:
            raise BadFrame("a fragment, or a masked frame of a server")
        size, start = buffer[1], 2
        if size == 126:
            start = 4
        elif size == 127:
            start = 10
        if len(buffer) < start:
            return None
        if start > 2:
            size = int.from_bytes(buffer[2:start], "big")
        if len(buffer) < start + size:
            return None
        opcode, payload = buffer[0] & 0x0F, bytes(buffer[start : start + size])
        del buffer[: start + size]
        return opcode, payload


async def connect(port: int, path: str, received: Received, query: Query) -> WebSocket:
    """Raises Refused."""
    loop = asyncio.get_running_loop()
    _, socket = await loop.create_connection(lambda: WebSocket(received), HOST, port)
    await socket.upgraded(f"{path}?{urlencode(query)}" if query else path)
    return socket
