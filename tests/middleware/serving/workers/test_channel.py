from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator

import pytest

from middleware.serving.workers.channel import MOST_WAITING, Channel, Message, channel_pair
from tests.patience import PATIENCE

pytestmark = pytest.mark.socket


class Ends:
    """Two channels, and what the second has heard."""

    def __init__(self) -> None:
        ours, theirs = channel_pair()
        self.near, self.far = Channel(ours), Channel(theirs)
        self.heard: asyncio.Queue[tuple[Message, list[int]]] = asyncio.Queue()
        self.gone = asyncio.Event()

    def open(self) -> None:
        self.near.open(lambda message, files: None, lambda: None)
        self.far.open(lambda message, files: self.heard.put_nowait((message, files)), self.gone.set)

    async def next(self) -> tuple[Message, list[int]]:
        async with asyncio.timeout(PATIENCE):
            return await self.heard.get()


@pytest.fixture
def ends() -> Iterator[Ends]:
    ends = Ends()
    yield ends
    ends.near.close()
    ends.far.close()


async def test_messages_come_one_by_one(ends: Ends) -> None:
    ends.open()
    ends.near.send({"a": 1})
    ends.near.send({"b": [2]})
    assert await ends.next() == ({"a": 1}, [])
    assert await ends.next() == ({"b": [2]}, [])


async def test_a_socket_comes_along_and_is_the_same(ends: Ends) -> None:
    ends.open()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ends.near.send({"sockets": ["server"]}, [listener])
        _, files = await ends.next()
        with socket.socket(fileno=files[0]) as got:
            assert got.getsockname() == listener.getsockname()
            assert not os.get_inheritable(got.fileno())


async def test_what_one_had_sent_is_heard_though_it_died_with_messages_unread(ends: Ends) -> None:
    ends.far.open(lambda message, files: ends.heard.put_nowait((message, files)), ends.gone.set)
    ends.far.send({"unread": 1})
    ends.near.open(lambda message, files: None, lambda: None)
    ends.near.send({"a": 1})
    ends.near.send({"b": 2})
    ends.near.close()
    assert [await ends.next(), await ends.next()] == [({"a": 1}, []), ({"b": 2}, [])]
    async with asyncio.timeout(PATIENCE):
        await ends.gone.wait()


async def test_the_end_of_the_other_is_told(ends: Ends) -> None:
    ends.open()
    ends.near.close()
    ends.near.close()
    async with asyncio.timeout(PATIENCE):
        await ends.gone.wait()
    ends.far.send({"to": "nobody"})


async def test_whoever_reads_nothing_is_not_waited_for(ends: Ends) -> None:
    ends.near.open(lambda message, files: None, lambda: None)
    text = "x" * 10_000
    for _ in range(2 * MOST_WAITING):
        ends.near.send({"text": text})
    ends.far.open(lambda message, files: ends.heard.put_nowait((message, files)), ends.gone.set)
    for _ in range(MOST_WAITING):
        assert (await ends.next())[0] == {"text": text}
