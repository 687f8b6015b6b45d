from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from routers.http.fetching import check_address, fetched
from stts.errors import Forbidden, PayloadTooLarge, RemoteContentFailed

ALLOWED = ("https://calls.example/audio/", "http://127.0.0.1:9/")


@pytest.mark.parametrize("url", ["https://calls.example/audio/1.wav", "http://127.0.0.1:9/a?b=c"])
def test_addresses_that_are_allowed(url: str) -> None:
    check_address(url, ALLOWED)


@pytest.mark.parametrize(
    "url",
    [
        "https://calls.example/other/1.wav",
        "https://calls.example.evil/audio/1.wav",
        "https://calls.example@evil/audio/1.wav",
        "https://calls.example/audio/../secret",
        "https://calls.example/audio/%2E%2e/secret",
        "https://calls.example/audio/..\\secret",
        "HTTPS://calls.example/audio/1.wav",
        "file:///etc/passwd",
        "",
    ],
)
def test_addresses_that_are_not(url: str) -> None:
    with pytest.raises(Forbidden):
        check_address(url, ALLOWED)
    with pytest.raises(Forbidden, match="fetches nothing from other addresses"):
        check_address(url, ())


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[str]:
    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(reply, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/a.wav"


async def fetch(url: str, most: int = 1000, total: float = 30.0) -> bytes:
    return b"".join([chunk async for chunk in fetched(url, most_bytes=most, pause=30.0, total=total)])


@pytest.mark.socket
async def test_what_is_fetched_and_what_is_not() -> None:
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello") as url:
        assert await fetch(url) == b"hello"
        with pytest.raises(PayloadTooLarge):
            await fetch(url, most=4)
    async with answering(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n") as url:
        with pytest.raises(RemoteContentFailed, match="302"):
            await fetch(url)
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello") as url:
        with pytest.raises(RemoteContentFailed):
            await fetch(url)
    with pytest.raises(RemoteContentFailed):
        await fetch(url)  # nobody listens there any more


@pytest.mark.socket
async def test_a_server_that_says_nothing_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(RemoteContentFailed):
        await fetch(f"http://127.0.0.1:{silent.getsockname()[1]}/", total=0.2)
