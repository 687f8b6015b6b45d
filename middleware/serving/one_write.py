"""Answers that are there at once leave in one call of the system: the head of one by itself would wake its client for
nothing, and the server would pay for both."""

from __future__ import annotations

import re
from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from middleware.serving.extensions import WHOLE, WholeExchange

MOST_BYTES = 1_000_000
"""Longer answers gain nothing."""
WITHOUT_BODY = frozenset({204, 304})
BY_MESSAGES = frozenset({b"connection", b"transfer-encoding"})
"""Headers that change what uvicorn does with the connection."""
UNSAFE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
"""Bytes that may not stand in a header: uvicorn tells whoever sends some."""


class OneWrite:
    """Stands around the whole application: all that changes heads or bodies is further in."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Not a coroutine itself: its frame would stay for as long as a socket is open."""
        exchange: WholeExchange | None = (scope.get("extensions") or {}).get(WHOLE)
        if exchange is None or scope["method"] == "HEAD":
            return self.app(scope, receive, send)
        return self._answer(scope, receive, _Answer(exchange, send))

    async def _answer(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        await self.app(scope, receive, answer.send)
        await answer.flush()


class _Answer:
    """Holds the head of an answer that says its length until the first of its body comes."""

    __slots__ = ("_exchange", "_held", "_send")

    def __init__(self, exchange: WholeExchange, send: Send) -> None:
        self._exchange = exchange
        self._send = send
        self._held: Message | None = None

    async def send(self, message: Message) -> None:
        if self._held is None:
            if message["type"] == "http.response.start" and _may_be_whole(message):
                self._held = message
                return
        elif self._is_sent_whole(self._held, message):
            self._held = None
            return
        else:
            await self.flush()
        await self._send(message)

    async def flush(self) -> None:
        """Sends the head by itself, if it is still held."""
        if self._held is not None:
            held, self._held = self._held, None
            await self._send(held)

    def _is_sent_whole(self, start: Message, message: Message) -> bool:
        body = message.get("body", b"")
        if message["type"] != "http.response.body" or message.get("more_body", False):
            return False
        lines = []
        for name, value in start["headers"]:
            if UNSAFE.search(value) or UNSAFE.search(name):
                return False
            name = name.lower()
            if name == b"content-length" and int(value) != len(body):
                return False
            lines.append(b"%b: %b\r\n" % (name, value))
        return self._exchange.answer(b"".join(lines), body, start["status"])


def _may_be_whole(start: Message) -> bool:
    """True if its length is told, and nothing else about its connection."""
    if start["status"] < 200 or start["status"] in WITHOUT_BODY:
        return False
    told = {name.lower(): value for name, value in start.get("headers", ())}
    length = told.get(b"content-length", b"")
    return length.isdigit() and int(length) <= MOST_BYTES and BY_MESSAGES.isdisjoint(told)
