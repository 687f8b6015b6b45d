"""Parts of what has a length: the `Range` of a GET, applied to any answer that says `Accept-Ranges: bytes`.

A route makes the whole, whose bytes pass here. Answers that know ranges themselves (files) pass as they are, but for
their errors. As RFC 9110 has it, what is no range of bytes is ignored, and several ranges may be answered by the whole.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from middleware.edge.errors import error_response
from middleware.edge.methods import is_head_only
from stts.errors import RangeNotSatisfiable

PART = re.compile(r"(\d{1,18})-(\d{0,18})|-(\d{1,18})", re.ASCII)
MOST_PARTS = 16
"""Most parts of one header; a header with more is ignored."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """One part of a Range header: from `first` to `last`, or `suffix` bytes at the end."""

    first: int = 0
    last: int | None = None
    suffix: int | None = None

    def of(self, size: int) -> tuple[int, int] | None:
        """Offset and end (exclusive) in a content of this size; None where it lies behind the end."""
        if self.suffix is not None:
            return (max(0, size - self.suffix), size) if self.suffix and size else None
        end = size if self.last is None else min(size, self.last + 1)
        return (self.first, end) if self.first < size else None


def parse(header: str) -> list[ByteRange]:
    """Empty for what is no range of bytes."""
    unit, _, text = header.partition("=")
    parts = [PART.fullmatch(part.strip()) for part in text.split(",", MOST_PARTS) if part.strip()]
    if unit.strip().lower() != "bytes" or len(parts) > MOST_PARTS:
        return []
    ranges = [_byte_range(part) for part in parts if part is not None]
    is_valid = len(ranges) == len(parts) and all(each.last is None or each.first <= each.last for each in ranges)
    return ranges if is_valid else []


def _byte_range(part: re.Match[str]) -> ByteRange:
    first, last, suffix = part.groups()
    if suffix is not None:
        return ByteRange(suffix=int(suffix))
    return ByteRange(int(first), int(last) if last else None)


class Ranges:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Not a coroutine itself: its frame would stay for as long as a socket is open."""
        header = Headers(scope=scope).get("range") if scope["type"] == "http" else None
        if header is None:
            return self.app(scope, receive, send)
        ranges = parse(header) if scope["method"] == "GET" and not is_head_only(scope) else []
        if ranges:
            return self.app(scope, receive, _PartialAnswer(scope, receive, send, ranges).send)
        others = [item for item in scope["headers"] if item[0] not in (b"range", b"if-range")]
        return self.app({**scope, "headers": others}, receive, send)


class _PartialAnswer:
    """Counts the bytes of the whole and lets those of the range pass."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, ranges: list[ByteRange]) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._ranges = ranges
        self._offset = 0
        """Offset of the next byte of the whole."""
        self._wanted: tuple[int, int] | None = None
        self._is_whole = True
        self._is_done = False

    async def send(self, message: Message) -> None:
        if self._is_done:
            return
        if message["type"] == "http.response.start":
            await self._start(message)
        elif message["type"] == "http.response.body" and not self._is_whole:
            await self._part(message)
        else:
            await self._send(message)

    async def _start(self, message: Message) -> None:
        headers = MutableHeaders(raw=list(message["headers"]))
        if message["status"] == 416:
            await self._refuse(headers.get("content-range", "").rpartition("/")[2])
        elif message["status"] == 200 and self._applies(headers):
            size = int(headers["content-length"])
            self._wanted = self._ranges[0].of(size)
            if self._wanted is None:
                await self._refuse(str(size))
                return
            first, end = self._wanted
            self._is_whole = False
            headers["content-range"] = f"bytes {first}-{end - 1}/{size}"
            headers["content-length"] = str(end - first)
            await self._send({**message, "status": 206, "headers": headers.raw})
        else:
            await self._send(message)

    def _applies(self, headers: Headers) -> bool:
        """True if the answer has parts, and is still the one whose other parts the client has."""
        if len(self._ranges) > 1 or headers.get("accept-ranges") != "bytes" or "content-length" not in headers:
            return False
        known = Headers(scope=self._scope).get("if-range")
        return known is None or known in (headers.get("etag"), headers.get("last-modified"))

    async def _part(self, message: Message) -> None:
        assert self._wanted is not None
        first, end = self._wanted
        body = message.get("body", b"")
        part = body[max(0, first - self._offset) : max(0, end - self._offset)]
        self._offset += len(body)
        self._is_done = self._offset >= end
        if part or self._is_done:
            await self._send({"type": "http.response.body", "body": part, "more_body": not self._is_done})

    async def _refuse(self, size: str) -> None:
        self._is_done = True
        error = RangeNotSatisfiable(f"The range lies behind the end: there are {size} bytes.", param="Range")
        answer = error_response(self._scope, error, {"content-range": f"bytes */{size}"})
        await answer(self._scope, self._receive, self._send)
