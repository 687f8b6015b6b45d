"""An HTTP/1.1 client that costs little and tells when each byte came. One request at a time on a connection."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

HOST = "127.0.0.1"
BUFFER_BYTES = 1 << 20


class BadAnswer(Exception):
    """The server did not answer with success."""

    def __init__(self, asked: str, status: int, text: str, retry_after: str | None = None) -> None:
        super().__init__(f"{asked}: {status} {text[:500]}")
        self.status = status
        self.retry_after = retry_after
        """The header, where there was one."""


@dataclass(frozen=True, slots=True)
class Received:
    at: float
    """`time.monotonic()` seconds."""
    data: bytes


class Connection:
    """Kept alive from one request to the next. `async with Connection(port) as connection`."""

    def __init__(self, port: int, key: str | None = None, key_header: str = "x-api-key") -> None:
        """`key_header`: the header in which the dialect wants the key."""
        self._port = port
        self._key = f"{key_header}: {key}\r\n" if key is not None else ""
        self.headers: Mapping[str, str] = {}
        """Those of the last answer; names are in lower case."""
        self.status = 0

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(HOST, self._port, limit=BUFFER_BYTES)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Hangs up at once, whatever is under way."""
        self._writer.transport.abort()

    async def speak(self, text: str, engine: str, **fields: Any) -> AsyncIterator[Received]:
        """The parts of the audio of POST /tts as they come."""
        body = json.dumps({"text": text, "engine": engine, "stream": True, **fields}).encode()
        async for part in self.request("POST", "/tts", body):
            yield part

    async def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        content_type: str = "application/json",
        refused_is_answer: bool = False,
    ) -> AsyncIterator[Received]:
        """The parts of the body as they come. Raises BadAnswer, unless a refusal is an answer like others."""
        self._writer.write(
            f"{method} {path} HTTP/1.1\r\nhost: {HOST}:{self._port}\r\ncontent-type: {content_type}\r\n{self._key}"
            f"content-length: {len(body)}\r\n\r\n".encode()
            + body
        )
        status, headers = await self._head()
        self.status, self.headers = status, headers
        parts = (
            self._chunks() if "transfer-encoding" in headers else self._sized(int(headers.get("content-length", "0")))
        )
        if not refused_is_answer and not 200 <= status < 300:
            text = b"".join([part.data async for part in parts])
            raise BadAnswer(f"{method} {path}", status, text.decode(errors="replace"), headers.get("retry-after"))
        async for part in parts:
            yield part

    async def _head(self) -> tuple[int, Mapping[str, str]]:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = (line.partition(":") for line in head[1:] if line)
        return int(head[0].split()[1]), {name.lower(): value.strip() for name, _, value in fields}

    async def _chunks(self) -> AsyncIterator[Received]:
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            data = await self._reader.readexactly(size + 2)
            yield Received(time.monotonic(), data[:-2])
        await self._reader.readuntil(b"\r\n")

    async def _sized(self, size: int) -> AsyncIterator[Received]:
        yield Received(time.monotonic(), await self._reader.readexactly(size))


async def fetch(port: int, method: str, path: str, body: bytes = b"", content_type: str = "application/json") -> bytes:
    """One request on a connection of its own."""
    async with Connection(port) as connection:
        return b"".join([part.data async for part in connection.request(method, path, body, content_type)])


def form(file: bytes, **fields: str) -> tuple[bytes, str]:
    """A multipart form with a file: its body and content type."""
    boundary = "benchmark-boundary"
    parts = [
        f'--{boundary}\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = f'--{boundary}\r\ncontent-disposition: form-data; name="file"; filename="speech"\r\n\r\n'.encode()
    return b"".join(
        [*parts, head, file, f"\r\n--{boundary}--\r\n".encode()]
    ), f"multipart/form-data; boundary={boundary}"
