"""The head of a request: not too long, and not for ever on its way.

uvicorn's HTTP protocol has no bound on either: headers are kept until they end, and a connection may stay without ever
ending them. This class is handed to uvicorn as its `http`. Sockets pass through here until they are upgraded.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

HEAD_BYTES = 65_536
"""Longest address and headers of one request together, trailers too; one read beyond it may be in memory."""
HEADER_BYTES = 32
"""Counted for each header beside its text, as HTTP/2 does: very many short ones take memory, too."""
HEAD_SECONDS = 30.0
"""Until the first head is complete after connecting, a later one after its first byte."""
MOST_PIPELINED = 64
"""Requests of one connection that wait for the answer to the one before."""
LINGER_SECONDS = 2.0
"""How long the rest of a refused head is still read and dropped, for clients that read only after sending it all."""


class HeadRefused(Exception):
    """Raised inside the parser's callbacks; the parser reports it as an error of its own."""


class BoundedHead(HttpToolsProtocol):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head_bytes = 0
        self._unparsed_bytes = 0
        """Read since the parser last told of anything: it is collecting them."""
        self._refused = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._unparsed_bytes += len(data)
        super().data_received(data)
        if self._unparsed_bytes > HEAD_BYTES:
            self._refuse()
        elif self._timer is None and self._is_idle():
            self._start(HEAD_SECONDS)

    def on_message_begin(self) -> None:
        self._head_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value) + HEADER_BYTES)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._stop()
        if len(self.pipeline) >= MOST_PIPELINED:
            raise HeadRefused
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unparsed_bytes = 0
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        """What uvicorn calls when the parser gives up."""
        if self._head_bytes > HEAD_BYTES:
            self._refuse()
        elif self._is_idle() or (self.cycle.more_body and not self.cycle.response_started):
            super().send_400_response(msg)
        else:
            self.transport.abort()

    def _count(self, size: int) -> None:
        self._unparsed_bytes = 0
        self._head_bytes += size
        if self._head_bytes > HEAD_BYTES:
            raise HeadRefused

    def _refuse(self) -> None:
        """Ends the connection; says why, unless that would fall into the answer to an earlier request."""
        self._refused = True
        if self._is_idle():
            self.transport.write(STATUS_LINE[431] + b"content-length: 0\r\nconnection: close\r\n\r\n")
            self._start(LINGER_SECONDS)
        else:
            self.transport.abort()

    def _is_idle(self) -> bool:
        """Whether no request is being answered. False once the connection belongs to a socket."""
        return self.transport.get_protocol() is self and (self.cycle is None or self.cycle.response_complete)

    def _start(self, seconds: float) -> None:
        self._stop()
        self._timer = self.loop.call_later(seconds, self.transport.abort)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
