from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import Message
from starlette.websockets import WebSocketDisconnect

from middleware.edge.late_key import LateKeys
from stts.errors import Busy, Unauthorized


class Client:
    """The far end of a socket, in memory."""

    def __init__(self, *says: Message) -> None:
        self.says: asyncio.Queue[Message] = asyncio.Queue()
        for each in ({"type": "websocket.connect"}, *says):
            self.says.put_nowait(each)
        self.heard: list[Message] = []

    async def receive(self) -> Message:
        return await self.says.get()

    async def send(self, message: Message) -> None:
        self.heard.append(message)


def text(words: str) -> Message:
    return {"type": "websocket.receive", "text": words}


async def test_the_application_sees_all_from_the_beginning() -> None:
    client = Client(text("key"), text("more"))
    socket = await LateKeys().opened(client.receive, client.send)
    assert socket.first == "key" and client.heard == [{"type": "websocket.accept"}]
    seen = [await socket.receive() for _ in range(3)]
    assert seen == [{"type": "websocket.connect"}, text("key"), text("more")]
    await socket.send({"type": "websocket.accept"})
    await socket.send({"type": "websocket.send", "text": "hello"})
    assert client.heard[1:] == [{"type": "websocket.send", "text": "hello"}]


async def test_an_answer_after_the_acceptance_becomes_a_goodbye() -> None:
    client = Client(text("key"))
    socket = await LateKeys().opened(client.receive, client.send)
    await socket.send({"type": "websocket.http.response.start", "status": 429, "headers": []})
    await socket.send({"type": "websocket.http.response.body", "body": b"x"})
    assert client.heard[1:] == [{"type": "websocket.close", "code": 1008, "reason": "Refused: 429"}]


async def test_who_is_refused_is_told_why() -> None:
    client = Client(text("key"))
    socket = await LateKeys().opened(client.receive, client.send)
    await socket.refuse({"error": "no"}, Unauthorized("\u00e4" * 200))
    told, goodbye = client.heard[1:]
    assert told["text"] == '{"error": "no"}' and len(goodbye["reason"].encode()) <= 123


async def test_nobody_waits_for_ever_and_few_at_once() -> None:
    keys, waiting = LateKeys(most=1), Client()
    task = asyncio.create_task(keys.opened(waiting.receive, waiting.send))
    await asyncio.sleep(0)
    other = Client(text("key"))
    with pytest.raises(Busy):
        await keys.opened(other.receive, other.send)
    assert other.heard == []
    waiting.says.put_nowait({"type": "websocket.disconnect", "code": 1001})
    with pytest.raises(WebSocketDisconnect):
        await task
    late = Client()
    with pytest.raises(WebSocketDisconnect):
        await LateKeys(seconds=0.0).opened(late.receive, late.send)
    closed: list[Any] = [each["type"] for each in late.heard]
    assert closed[-1] == "websocket.close"
    await keys.opened(other.receive, other.send)
