"""The client against a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from benchmarks.client import BadAnswer, Connection, form

pytestmark = pytest.mark.socket

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
SIZED = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nwhole"[:-1]
REFUSED = b"HTTP/1.1 422 No\r\ncontent-length: 3\r\n\r\nbad"


@asynccontextmanager
async def answering(*answers: bytes) -> AsyncIterator[int]:
    """A port where requests without a body are answered so, one after the other."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_a_connection_is_used_for_one_answer_after_the_other() -> None:
    async with answering(CHUNKED, SIZED, CHUNKED) as port, Connection(port) as connection:
        bodies = [[part.data async for part in connection.request("GET", "/")] for _ in range(3)]
    assert bodies == [[b"abc", b"de"], [b"whol"], [b"abc", b"de"]]


async def test_times_never_run_back() -> None:
    async with answering(CHUNKED) as port, Connection(port) as connection:
        times = [part.at async for part in connection.request("GET", "/")]
    assert times == sorted(times)


async def test_a_refusal_says_what_the_server_said() -> None:
    async with answering(REFUSED) as port, Connection(port) as connection:
        with pytest.raises(BadAnswer, match="422 bad"):
            await anext(connection.request("GET", "/"))


async def test_a_refusal_may_be_an_answer_like_others() -> None:
    async with answering(REFUSED) as port, Connection(port) as connection:
        parts = [part.data async for part in connection.request("GET", "/", refused_is_answer=True)]
        assert (parts, connection.status, connection.headers["content-length"]) == ([b"bad"], 422, "3")


async def test_an_answer_without_a_body_is_empty() -> None:
    async with answering(b"HTTP/1.1 204 No Content\r\n\r\n") as port, Connection(port) as connection:
        assert [part.data async for part in connection.request("DELETE", "/")] == [b""]


async def test_an_answer_that_breaks_off_is_an_end_too_early() -> None:
    async with answering(CHUNKED[:-5]) as port, Connection(port) as connection:
        with pytest.raises(EOFError):
            async for _ in connection.request("GET", "/"):
                pass


def test_a_form_holds_the_file_as_it_is() -> None:
    body, content_type = form(b"\r\n--raw\x00", engine="ear")
    boundary = content_type.partition("boundary=")[2].encode()
    parts = body.split(b"--" + boundary)
    assert b'name="engine"\r\n\r\near\r\n' in parts[1]
    assert parts[2].endswith(b"\r\n\r\n\r\n--raw\x00\r\n")
    assert parts[3] == b"--\r\n"
