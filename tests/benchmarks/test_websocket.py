from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.server import ServerConnection, serve

from benchmarks.crowd import crowd
from benchmarks.websocket import Refused, connect, frame
from tests.patient import PATIENCE

pytestmark = pytest.mark.socket

Message = str | bytes
MESSAGES: list[Message] = ["", "grüße", b"", b"\x00\xff", b"x" * 125, b"x" * 126, "y" * 65_535, b"z" * 65_536]


async def echo(connection: ServerConnection) -> None:
    await connection.send(connection.request.path if connection.request else "")
    async for message in connection:
        await connection.send(message)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with serve(echo, "127.0.0.1", 0, compression=None) as server:
        yield next(iter(server.sockets)).getsockname()[1]


class Inbox:
    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._changed = asyncio.Event()

    def __call__(self, at: float, message: Message) -> None:
        self.messages.append(message)
        self._changed.set()

    async def until(self, count: int) -> list[Message]:
        async with asyncio.timeout(PATIENCE):
            while len(self.messages) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.messages


async def test_messages_of_every_length_go_both_ways(port: int) -> None:
    inbox = Inbox()
    socket = await connect(port, "/talk", inbox, {"a": 1, "b": "two words"})
    for message in MESSAGES:
        socket.send(message)
    assert await inbox.until(1 + len(MESSAGES)) == ["/talk?a=1&b=two+words", *MESSAGES]
    await socket.close()
    assert socket.closed.done()


async def test_a_ping_is_answered() -> None:
    answered = asyncio.Event()

    async def ping(connection: ServerConnection) -> None:
        await (await connection.ping())
        answered.set()

    async with serve(ping, "127.0.0.1", 0, close_timeout=0.1) as server:
        await connect(next(iter(server.sockets)).getsockname()[1], "/", Inbox(), {})
        async with asyncio.timeout(PATIENCE):
            await answered.wait()


async def test_a_refusal_is_raised() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        with pytest.raises(Refused, match="503"):
            await connect(server.sockets[0].getsockname()[1], "/", Inbox(), {})


async def test_every_member_of_a_crowd_sends_the_whole_script(port: int) -> None:
    async with crowd(5, port, "/talk", {}) as found:
        await found.play([frame(b"one"), frame(b"two")], frame(b""), spread=3)
        async with asyncio.timeout(PATIENCE):
            while any(len(member.heard) < 5 for member in found.members):  # noqa: ASYNC110 - it only remembers
                await asyncio.sleep(0)
    for member in found.members:
        assert [message for _, message in member.heard if message] == ["/talk", b"one", b"two"]
    assert len({[message for _, message in member.heard].index(b"one") for member in found.members}) > 1
    assert all(member.sent == sorted(member.sent) and len(member.sent) == 2 for member in found.members)
    assert len(found.late) == 20
