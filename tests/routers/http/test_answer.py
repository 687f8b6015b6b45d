"""Answers against a scripted client: what it gets, and what happens when it leaves."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from fastapi import Response
from starlette.types import Message

from routers.http.answer import HEARTBEAT, Answer, event_answer, stream_answer, while_there, with_heartbeats
from stts.errors import BodyTimeout, Busy, STTSError
from tests.middleware.edge.apps import Raw, app_with, settings
from tests.patient import PATIENCE
from tests.serving import serving


class Client:
    """An ASGI client that stays until it is told to leave."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.left = asyncio.Event()

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    async def get(self, answer: Answer) -> bytes:
        await answer({"type": "http"}, self.receive, self.send)
        return b"".join(message.get("body", b"") for message in self.sent)


async def chunks(*parts: bytes) -> AsyncGenerator[bytes, None]:
    for part in parts:
        yield part


async def test_a_stream_is_sent_as_it_comes() -> None:
    client = Client()
    assert await client.get(stream_answer(chunks(b"a", b"b"), lambda: {"Content-Type": "audio/wav"})) == b"ab"
    assert (b"content-type", b"audio/wav") in client.sent[0]["headers"]
    assert client.sent[-1]["more_body"] is False


async def test_an_error_before_the_first_chunk_is_raised_before_anything_is_sent() -> None:
    async def broken() -> AsyncGenerator[bytes, None]:
        raise Busy("later")
        yield b""

    client = Client()
    with pytest.raises(Busy):
        await client.get(stream_answer(broken(), dict))
    assert client.sent == []


async def test_making_ends_where_the_client_leaves() -> None:
    client, begun, ended = Client(), asyncio.Event(), asyncio.Event()

    async def make(value: int, may: asyncio.Event) -> int:
        begun.set()
        try:
            await may.wait()
        finally:
            ended.set()
        return value

    may = asyncio.Event()
    may.set()
    assert await while_there(client.receive, make(5, may)) == 5
    begun.clear()
    ended.clear()
    making = asyncio.ensure_future(while_there(client.receive, make(6, asyncio.Event())))
    await begun.wait()
    client.left.set()
    assert await making is None
    assert ended.is_set()


async def test_the_server_says_that_the_client_has_gone() -> None:
    """Without a task that waits for `receive`."""
    begun, gone = asyncio.Event(), asyncio.get_running_loop().create_future()

    async def nothing() -> Message:
        raise AssertionError("nobody is to ask")

    async def make() -> int:
        begun.set()
        await asyncio.Event().wait()
        return 5

    async def made() -> int:
        return 5

    assert await while_there(nothing, made(), gone) == 5
    making = asyncio.ensure_future(while_there(nothing, make(), gone))
    await begun.wait()
    gone.set_result(None)
    assert await making is None
    assert await while_there(nothing, make(), gone) is None  # it has gone already


async def test_a_server_that_stops_ends_the_making_too() -> None:
    client, begun, ended = Client(), asyncio.Event(), asyncio.Event()

    async def make() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    for leaves in (False, True):
        begun.clear()
        making = asyncio.ensure_future(while_there(client.receive, make()))
        await begun.wait()
        if leaves:
            client.left.set()
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making
        assert ended.is_set()


async def test_an_error_in_mid_stream_is_raised_and_the_answer_left_open() -> None:
    async def broken() -> AsyncGenerator[bytes, None]:
        yield b"a"
        raise STTSError("broke")

    client = Client()
    with pytest.raises(STTSError):
        await client.get(stream_answer(broken(), dict))
    assert all(message.get("more_body", True) for message in client.sent)


@pytest.mark.parametrize("first", [True, False])
async def test_a_client_that_leaves_closes_the_stream(first: bool) -> None:
    closed = asyncio.Event()
    reached = asyncio.Event()

    async def endless() -> AsyncGenerator[bytes, None]:
        try:
            if first:
                yield b"a"
            reached.set()
            await asyncio.Event().wait()
            yield b"never"
        finally:
            closed.set()

    client = Client()
    answering = asyncio.ensure_future(client.get(stream_answer(endless(), dict)))
    await reached.wait()
    client.left.set()
    await asyncio.wait_for(answering, PATIENCE)
    assert closed.is_set()


async def test_events_have_heartbeats_in_silence() -> None:
    go = asyncio.Event()

    async def slow() -> AsyncGenerator[str, None]:
        await go.wait()
        yield "data: x\n\n"

    lively = with_heartbeats(slow(), 0.0)
    assert await anext(lively) == HEARTBEAT
    go.set()
    rest = [event async for event in lively]
    assert [event for event in rest if event != HEARTBEAT] == ["data: x\n\n"]


async def test_an_error_after_the_first_event_is_the_last_event() -> None:
    async def broken() -> AsyncGenerator[str, None]:
        yield "data: 1\n\n"
        raise Busy("later")

    client = Client()
    body = await client.get(
        event_answer(broken(), lambda: {"content-type": "text/event-stream"}, lambda error: f"data: {error.code}\n\n")
    )
    assert body == b"data: 1\n\ndata: busy\n\n"
    assert (b"content-type", b"text/event-stream") in client.sent[0]["headers"]


async def test_an_error_before_the_first_event_is_raised() -> None:
    async def broken() -> AsyncGenerator[str, None]:
        raise Busy("later")
        yield ""

    with pytest.raises(Busy):
        await Client().get(event_answer(broken(), dict, str))


async def test_what_receive_has_to_say_is_said_and_the_work_ends() -> None:
    """The body limit speaks there, also about the body of a request for which nobody reads one."""
    stopped = asyncio.Event()

    async def endless() -> AsyncGenerator[bytes, None]:
        try:
            await asyncio.Event().wait()
            yield b""
        finally:
            stopped.set()

    async def receive() -> Message:
        raise BodyTimeout("Nothing more of the body came.")

    client = Client()
    with pytest.raises(BodyTimeout):
        await stream_answer(endless(), dict)({"type": "http"}, receive, client.send)
    assert stopped.is_set()
    assert client.sent == []


@pytest.mark.socket
@pytest.mark.parametrize(
    ("announced", "body", "status"),
    [
        ("Content-Length: 100", b"half", 408),
        ("Transfer-Encoding: chunked", b"7d0\r\n" + b"x" * 2000 + b"\r\n", 413),
    ],
)
async def test_a_body_that_nobody_reads_has_its_limits(announced: str, body: bytes, status: int) -> None:
    app = app_with(settings(limits={"json_bytes": 1024, "body_seconds": 0.1}))

    async def endless() -> AsyncGenerator[bytes, None]:
        await asyncio.Event().wait()
        yield b""

    app.add_api_route("/endless", lambda: stream_answer(endless(), dict), response_class=Response)
    async with serving(app) as port, Raw.open(port) as raw:
        await raw.send(f"GET /endless HTTP/1.1\r\nHost: 127.0.0.1\r\n{announced}\r\n\r\n".encode() + body)
        assert (await raw.answer())[0] == status
