"""Bodies: not too long, not stopping half-way, and not coming drop by drop.

A length that is announced is refused at once, one that is not is counted as it comes. A pause longer than
`limits.body_seconds` ends the request, and so does what comes more slowly than `limits.body_rate` or takes longer than
`limits.body_total_seconds`. These errors are raised where the body is read, so they reach the client as proper answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from operator import itemgetter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from middleware.edge.bodies import is_json
from middleware.edge.boundary import refuse
from middleware.edge.route_table import route_match
from middleware.listener import ListenerSettings
from middleware.serving.extensions import SLOW_BODY, WHOLE, WholeExchange
from stts.access.policy import Upload
from stts.errors import BodyTimeout, PayloadTooLarge, STTSError

LINGER_SECONDS = 2.0
"""Seconds a rejected body is still read and dropped, for clients that read the answer only after sending it all."""


class BodyLimit:
    def __init__(self, app: ASGIApp, listener: ListenerSettings) -> None:
        self.app = app
        self._limits = listener.limits

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Not a coroutine itself: its frame would stay for as long as a socket is open."""
        return (self._request if scope["type"] == "http" else self.app)(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        length, chunked, kind = _announced(scope)
        if not length and not chunked:
            await self.app(scope, receive, send)
            return
        limits, upload = self._limits(), route_match(scope).policy.upload
        is_multipart = kind.startswith(b"multipart/form-data")
        takes_files = upload is not Upload.NONE
        is_stream = upload is Upload.LINES and not is_json(kind.partition(b";")[0].strip().decode("latin-1"))
        longest = limits.upload_bytes if is_stream or (takes_files and is_multipart) else limits.json_bytes
        if not is_multipart and upload is Upload.FORM_OR_JSON:
            longest = max(longest, limits.json_audio_bytes)
        exchange: WholeExchange | None = (scope.get("extensions") or {}).get(WHOLE)
        if exchange is not None and (come := exchange.body) is not None and len(come) <= longest:
            # All of it is here: nobody is waited for.
            await self.app(scope, receive, send)
            return
        body = _Body(receive, send, longest, Pace(limits.body_seconds, limits.body_rate, limits.body_total_seconds))
        body.on_slow = scope.get("extensions", {}).get(SLOW_BODY)
        if takes_files and not is_multipart and upload is not Upload.LINES:
            body.mend = " A file must come as `file` of a multipart/form-data form."
        if length > body.longest:
            await refuse(scope, receive, body.send, body.too_large())
            return
        await self.app(scope, body.receive, body.send)


class Pace:
    """Slowest pace of a body. Only the time in which the server waited for the client counts."""

    def __init__(self, pause: float, rate: float, total: float) -> None:
        """Longest pause in seconds, least bytes a second after the first so many, most seconds altogether."""
        self.pause = pause
        self._rate = rate
        self._total = total
        self.waited = 0.0
        """Seconds, so far."""

    def bound(self, size: int) -> tuple[float, str]:
        """Seconds until more must have come, where `size` bytes have, and what is said when nothing has."""
        bounds = (
            (self.pause, f"Nothing more of the body came for {self.pause:g} s."),
            (
                self.pause + size / self._rate - self.waited,
                f"The body came more slowly than {self._rate:g} bytes a second.",
            ),
            (self._total - self.waited, f"The body took longer than {self._total:g} s."),
        )
        seconds, reason = min(bounds, key=itemgetter(0))
        return max(0.0, seconds), reason


class _Body:
    """The body of one request, and how much of it has come."""

    def __init__(self, receive: Receive, send: Send, longest: int, pace: Pace) -> None:
        self.longest = longest
        self.mend = ""
        """Advice for a body that is too long, as a sentence behind a space."""
        self._receive = receive
        self._send = send
        self._pace = pace
        self.on_slow: Callable[[], None] | None = None
        """Told when it is given up."""
        self._size = 0
        self._complete = False
        self._stalled = False

    def too_large(self) -> STTSError:
        return PayloadTooLarge(f"The body is longer than {self.longest} bytes.{self.mend}")

    async def receive(self) -> Message:
        if self._complete:
            return await self._receive()
        clock = asyncio.get_running_loop().time
        began = clock()
        seconds, reason = self._pace.bound(self._size)
        try:
            async with asyncio.timeout(seconds):
                message = await self._receive()
        except TimeoutError:
            self._stalled = seconds >= self._pace.pause
            if self.on_slow is not None:
                self.on_slow()
            raise BodyTimeout(reason) from None
        self._pace.waited += clock() - began
        self._size += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        if self._size > self.longest:
            raise self.too_large()
        return message

    async def send(self, message: Message) -> None:
        """An answer that is there before the body is the last one on its connection."""
        if not self._complete:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            elif not message.get("more_body", False):
                await self._send({**message, "more_body": True})
                await self._linger()
                message = {"type": "http.response.body", "body": b""}
        await self._send(message)

    async def _linger(self) -> None:
        """To close while the client still sends would reset the connection, and the answer would be lost."""
        if self._stalled:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while not self._complete:
                    self._complete = not (await self._receive()).get("more_body", False)


def _announced(scope: Scope) -> tuple[int, bool, bytes]:
    """Bytes announced, whether chunked, and the type of the content in small letters."""
    length, chunked, kind = 0, False, b""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            length = int(value)
        elif name == b"transfer-encoding":
            chunked = True
        elif name == b"content-type":
            kind = value.lower()
    return length, chunked, kind
