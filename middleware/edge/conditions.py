"""Conditions of a GET: `If-None-Match` is answered with 304 where the client has the very answer already.

A route makes the whole, whose tag passes here; its body goes no further then.
"""

from __future__ import annotations

from collections.abc import Awaitable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOLD = (b"etag", b"cache-control", b"age", b"expires", b"last-modified", b"vary", b"x-cache", b"x-request-id")
"""Headers of a 304, as far as the whole answer has them."""


class Conditions:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Not a coroutine itself: its frame would stay for as long as a socket is open."""
        known = Headers(scope=scope).get("if-none-match") if scope["type"] == "http" else None
        if known is not None and scope["method"] in ("GET", "HEAD"):
            send = _ConditionalAnswer(known, send).send
        return self.app(scope, receive, send)


class _ConditionalAnswer:
    """Lets an answer pass, but for one whose tag is known."""

    def __init__(self, known: str, send: Send) -> None:
        self._known = known
        self._send = send
        self._is_known = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] in (200, 206):
            etag = Headers(raw=list(message["headers"])).get("etag")
            if etag is not None and is_among(etag, self._known):
                self._is_known = True
                told = [item for item in message["headers"] if item[0].lower() in TOLD]
                message = {"type": "http.response.start", "status": 304, "headers": told}
        elif message["type"] == "http.response.body" and self._is_known:
            if message.get("more_body", False):
                return
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await self._send(message)


def is_among(etag: str, header: str) -> bool:
    """True if the header names this tag, or any. As RFC 9110 has it, weak tags match strong ones here."""
    tags = {each.strip().removeprefix("W/") for each in header.split(",")}
    return "*" in tags or etag.removeprefix("W/") in tags
