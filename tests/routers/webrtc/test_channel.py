"""A data channel as the server's side of a WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from middleware.serving.extensions import LEFT
from routers.webrtc.channel import MOST_BYTES, MOST_CHANNELS, MOST_MESSAGES, UNSENT_BYTES, ChannelSocket
from stts.errors import PayloadTooLarge

REQUEST = {
    "type": "http",
    "path": "/v1/realtime/calls",
    "headers": [],
    "query_string": b"",
    "state": {"request_id": "1"},
}


class FakeChannel:
    def __init__(self) -> None:
        self.readyState = "open"
        self.bufferedAmount = 0
        self.sent: list[str | bytes] = []
        self._handlers: dict[str, list[Callable[..., Any]]] = {}

    def on(self, event: str, f: Callable[..., Any], /) -> None:
        self._handlers.setdefault(event, []).append(f)

    def emit(self, event: str, *values: object) -> None:
        for handler in self._handlers.get(event, []):
            handler(*values)

    def send(self, data: str | bytes) -> None:
        self.sent.append(data)

    def close(self) -> None:
        self.readyState = "closed"
        self.emit("close")


def opened(longest: int | None = None) -> tuple[ChannelSocket, FakeChannel]:
    socket, channel = ChannelSocket(REQUEST, awaited=True), FakeChannel()
    socket.attach(channel, longest)
    return socket, channel


async def test_it_greets_passes_messages_and_says_that_the_client_has_left() -> None:
    socket, channel = opened()
    assert await socket.receive() == {"type": "websocket.connect"}
    channel.emit("message", "one")
    channel.emit("message", b"two")
    assert await socket.receive() == {"type": "websocket.receive", "text": "one"}
    assert await socket.receive() == {"type": "websocket.receive", "bytes": b"two"}
    channel.close()
    assert (await socket.receive())["type"] == "websocket.disconnect"
    assert socket.scope["extensions"][LEFT].done() and socket.scope["state"] is REQUEST["state"]


async def test_what_is_sent_before_the_channel_is_open_waits_for_it() -> None:
    socket, channel = ChannelSocket(REQUEST, awaited=True), FakeChannel()
    sending = asyncio.create_task(socket.send({"type": "websocket.send", "text": "hello"}))
    await asyncio.sleep(0)
    assert not sending.done()
    socket.attach(channel)
    await sending
    assert channel.sent == ["hello"]


async def test_a_client_that_reads_nothing_holds_up_who_tells_it_something() -> None:
    socket, channel = opened()
    channel.bufferedAmount = UNSENT_BYTES + 1
    sending = asyncio.create_task(socket.send({"type": "websocket.send", "text": "hello"}))
    await asyncio.sleep(0)
    assert not sending.done()
    channel.bufferedAmount = 0
    channel.emit("bufferedamountlow")
    await sending
    assert channel.sent == ["hello"]


async def test_one_that_leaves_meanwhile_is_told_nothing() -> None:
    socket, channel = opened()
    channel.bufferedAmount = UNSENT_BYTES + 1
    sending = asyncio.create_task(socket.send({"type": "websocket.send", "text": "hello"}))
    await asyncio.sleep(0)
    socket.leave()
    with pytest.raises(OSError):
        await sending


@pytest.mark.parametrize(("message", "count"), [("x" * 1_000, MOST_BYTES // 1_000), ("", MOST_MESSAGES)])
async def test_a_flood_ends_it(message: str, count: int) -> None:
    socket, channel = opened()
    await socket.receive()
    for _ in range(count + 1_000):
        channel.emit("message", message)
    for _ in range(count):
        assert (await socket.receive())["type"] == "websocket.receive"
    with pytest.raises(PayloadTooLarge):
        await socket.receive()


async def test_a_message_that_is_too_long_for_the_client_is_refused() -> None:
    socket, _ = opened(longest=10)
    with pytest.raises(PayloadTooLarge):
        await socket.send({"type": "websocket.send", "text": "x" * 11})


async def test_further_channels_are_closed_and_too_many_end_it() -> None:
    socket, first = opened()
    others = [FakeChannel() for _ in range(MOST_CHANNELS)]
    for other in others[:-1]:
        socket.attach(other)
    assert all(other.readyState == "closed" for other in others[:-1]) and first.readyState == "open"
    assert not socket.scope["extensions"][LEFT].done()
    socket.attach(others[-1])
    assert socket.scope["extensions"][LEFT].done()


async def test_without_a_channel_nobody_is_told_anything() -> None:
    socket = ChannelSocket(REQUEST, awaited=False)
    await socket.send({"type": "websocket.send", "text": "hello"})
    await socket.opened()
    await socket.send({"type": "websocket.close", "code": 1000})


async def test_its_close_waits_for_what_was_sent() -> None:
    socket, channel = opened()
    await socket.send({"type": "websocket.send", "text": "goodbye"})
    await socket.send({"type": "websocket.close", "code": 1000})
    assert channel.sent == ["goodbye"] and channel.readyState == "closed"
