"""Answers that are there at once leave in one piece; all others go by messages, as they come."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from middleware.serving.extensions import WHOLE
from middleware.serving.one_write import MOST_BYTES, OneWrite

TEXT = (b"content-type", b"text/plain")


class Connection:
    """A WholeExchange that notes what it is given."""

    body = b""

    def __init__(self, *, takes: bool = True) -> None:
        self.takes = takes
        self.answers: list[tuple[int, bytes, bytes]] = []
        self.messages: list[Message] = []

    async def rest(self) -> None:
        """All of it is here."""

    def answer(self, head: bytes, body: bytes, status: int = 200) -> bool:
        if self.takes:
            self.answers.append((status, head, body))
        return self.takes

    async def send(self, message: Message) -> None:
        self.messages.append(message)


async def ask(connection: Connection, messages: list[Message], **scope: Any) -> Connection:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)

    async def receive() -> Message:
        raise AssertionError

    asked = {"type": "http", "method": "GET", "extensions": {WHOLE: connection}, **scope}
    await OneWrite(app)(asked, receive, connection.send)
    return connection


def start(length: int | None = 2, *headers: tuple[bytes, bytes], status: int = 200) -> Message:
    told = [] if length is None else [(b"Content-Length", str(length).encode())]
    return {"type": "http.response.start", "status": status, "headers": [TEXT, *told, *headers]}


def body(data: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}


@pytest.mark.parametrize("status", [200, 401, 429])
async def test_head_and_body_leave_together(status: int) -> None:
    found = await ask(Connection(), [start(status=status), body(b"hi")])
    assert found.answers == [(status, b"content-type: text/plain\r\ncontent-length: 2\r\n", b"hi")]
    assert not found.messages


@pytest.mark.parametrize(
    "messages",
    [
        [start(None), body(b"hi")],
        [start(), body(b"h", more=True), body(b"i")],
        [start(3), body(b"hi")],
        [start(MOST_BYTES + 1), body(b"hi")],
        [start(0, status=304), body(b"")],
        [start(2, (b"Connection", b"close")), body(b"hi")],
        [start(2, (b"x-note", b"a\r\nb: c")), body(b"hi")],
        [start(2, (b"x-\nnote", b"a")), body(b"hi")],
        [start()],
    ],
)
async def test_what_is_not_there_at_once_goes_by_messages(messages: list[Message]) -> None:
    found = await ask(Connection(), messages)
    assert found.messages == messages and not found.answers


async def test_a_connection_that_takes_it_otherwise_gets_messages() -> None:
    messages = [start(), body(b"hi")]
    assert (await ask(Connection(takes=False), messages)).messages == messages
    assert (await ask(Connection(), messages, method="HEAD")).messages == messages
    found = Connection()
    await ask(found, messages, extensions={})
    assert found.messages == messages


async def test_a_head_whose_app_fails_was_never_sent() -> None:
    connection = Connection()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        raise LookupError

    async def receive() -> Message:
        raise AssertionError

    with pytest.raises(LookupError):
        await OneWrite(app)(
            {"type": "http", "method": "GET", "extensions": {WHOLE: connection}}, receive, connection.send
        )
    assert not connection.messages and not connection.answers
