"""Floods, dead clients and endless fragments against a real server, frame by frame."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from websockets.exceptions import ConnectionClosed, InvalidStatus

from middleware.serving import sliced_messages
from middleware.serving import websocket_frames as frames
from middleware.serving.extensions import DIRECT, LEFT, DirectMessages
from middleware.serving.websocket_frames import MOST_FRAGMENTS, BoundedFrames
from tests import patient
from tests.patient import PATIENCE
from tests.serving import serving

pytestmark = pytest.mark.socket

TEXT, BINARY, PING, CONTINUED = 1, 2, 9, 0


class Watched(BoundedFrames):
    """The protocol of the last connection, and what happened to it."""

    last: Watched

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        Watched.last = self
        self.lost = asyncio.Event()
        self.parsed = asyncio.Event()
        """A message has been."""
        self.silent_pings = 0
        self.patient = asyncio.Event()
        self.deepest = 0
        """Messages that were parsed and not yet taken."""

    def send_receive_event_to_app(self) -> None:
        super().send_receive_event_to_app()
        self.parsed.set()

    async def receive(self) -> Any:
        self.deepest = max(self.deepest, self.queue.qsize())
        return await super().receive()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.lost.set()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.silent_pings += 1
        if self.silent_pings == 3:
            self.patient.set()


class App:
    """Counts; answers `hello`; `wait` waits for `released`; `sink` sends without end."""

    def __init__(self) -> None:
        self.received = 0
        self.waiting = asyncio.Event()
        self.released = asyncio.Event()
        self.left: asyncio.Future[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.left = scope["extensions"][LEFT]
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            self.received += 1
            await self.answer(message.get("text"), send)

    async def answer(self, text: str | None, send: Send) -> None:
        if text == "hello":
            await send({"type": "websocket.send", "text": "hello"})
        elif text == "wait":
            self.waiting.set()
            await self.released.wait()
        elif text == "sink":
            self.waiting.set()
            async with asyncio.timeout(0.2):
                while True:
                    await send({"type": "websocket.send", "bytes": bytes(2**20)})
        await asyncio.sleep(0)


OFFER = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


def frame(kind: int, payload: bytes = b"", *, last: bool = True) -> bytes:
    """As a client sends it, masked with zeros."""
    assert len(payload) < 126
    return bytes([kind | (0x80 if last else 0), 0x80 | len(payload), 0, 0, 0, 0]) + payload


@asynccontextmanager
async def bare(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection after its handshake."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


@pytest.mark.parametrize(
    "told, why",
    [
        (b"Sec-WebSocket-Version: 13\r\n", "missing Sec-WebSocket-Key header"),
        (b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c2hvcnQ=\r\n", "invalid Sec-WebSocket-Key header: c2hvcnQ="),
        (b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n", "missing Sec-WebSocket-Version header"),
        (
            b"Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
            "invalid Sec-WebSocket-Version header: 8",
        ),
    ],
)
async def test_a_request_that_opens_no_socket_is_refused_in_our_form(told: bytes, why: str) -> None:
    async with serving(App(), ws=Watched) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        writer.write(head + told + b"\r\n")
        answered, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
    error = json.loads(body)
    assert answered.startswith(b"HTTP/1.1 400 Bad Request\r\n") and error["code"] == "malformed_request"
    assert error["detail"] == f"This opens no WebSocket of version 13: {why}."
    assert f"x-request-id: {error['request_id']}".encode() in answered


@pytest.mark.parametrize(
    "more", [b"X: " + b"x" * 9_000 + b"\r\n", b"X: y\r\n" * 200, b"Cookie: " + b"x" * 40_000 + b"\r\n"]
)
async def test_a_head_that_the_library_does_not_read_is_refused_too(more: bytes) -> None:
    async with serving(App(), ws=Watched) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(OFFER + more + b"\r\n")
        async with asyncio.timeout(PATIENCE):
            answered, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
    assert answered.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert json.loads(body)["code"] == "malformed_request"


async def test_others_have_their_turn_while_a_flood_is_read() -> None:
    flooded, quiet = App(), App()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (quiet if scope["path"] == "/quiet" else flooded)(scope, receive, send)

    async with (
        serving(app, ws=Watched) as port,
        patient.connect(f"ws://127.0.0.1:{port}/quiet") as other,
        bare(port) as (_, writer),
    ):
        writer.write(frame(BINARY) * 40_000)
        seen = []
        while flooded.received < 40_000:
            await other.send("hello")
            assert await asyncio.wait_for(other.recv(), PATIENCE) == "hello"
            seen.append(flooded.received)
    assert len(set(seen)) > 3
    assert Watched.last.deepest < 1500


async def test_nothing_of_a_flood_is_lost_or_turned_around() -> None:
    app = App()
    async with serving(app, ws=Watched) as port, bare(port) as (reader, writer):
        writer.write(frame(BINARY, bytes(100)) * 5000 + frame(TEXT, b"hello"))
        assert await asyncio.wait_for(reader.readexactly(7), PATIENCE) == b"\x81\x05hello"
        assert app.received == 5001


async def test_pongs_are_not_kept_for_a_client_that_does_not_read() -> None:
    async with serving(App(), ws=Watched) as port, bare(port) as (_, writer):
        for _ in range(300):
            writer.write(frame(PING, bytes(125)) * 500)
            await asyncio.wait_for(writer.drain(), PATIENCE)
        limits = Watched.last.transport.get_write_buffer_limits()
        assert Watched.last.transport.get_write_buffer_size() < 2 * max(limits) + 500 * 127


async def test_a_message_of_endless_fragments_ends_its_socket() -> None:
    async with serving(App(), ws=Watched) as port, bare(port) as (reader, writer):
        writer.write(frame(BINARY, last=False) + frame(CONTINUED, last=False) * MOST_FRAGMENTS)
        assert (await asyncio.wait_for(reader.read(4), PATIENCE))[2:] == (1009).to_bytes(2, "big")


async def test_a_message_of_many_fragments_arrives() -> None:
    app = App()
    async with serving(app, ws=Watched) as port, bare(port) as (reader, writer):
        letters = frame(TEXT, b"h", last=False) + b"".join(frame(CONTINUED, bytes([c]), last=False) for c in b"ell")
        writer.write(letters + frame(CONTINUED, last=False) * 1000 + frame(CONTINUED, b"o"))
        assert await asyncio.wait_for(reader.readexactly(7), PATIENCE) == b"\x81\x05hello"


async def test_a_pong_that_lies_unread_is_no_sign_of_death() -> None:
    app = App()
    async with (
        serving(app, ws=Watched, ws_ping_interval=0.02, ws_ping_timeout=0.02) as port,
        patient.connect(f"ws://127.0.0.1:{port}/") as client,
    ):
        await client.send("wait")
        await client.send("hello")
        await asyncio.wait_for(Watched.last.patient.wait(), PATIENCE)
        app.released.set()
        assert await asyncio.wait_for(client.recv(), PATIENCE) == "hello"


async def test_a_client_that_answers_no_ping_is_let_go() -> None:
    async with serving(App(), ws=Watched, ws_ping_interval=0.02, ws_ping_timeout=0.02) as port, bare(port):
        await asyncio.wait_for(Watched.last.lost.wait(), PATIENCE)


async def test_the_application_can_know_that_the_client_left_without_reading() -> None:
    app = App()
    async with serving(app, ws=Watched) as port:
        async with bare(port) as (_, writer):
            writer.write(frame(TEXT, b"wait"))
            await asyncio.wait_for(app.waiting.wait(), PATIENCE)
        assert app.left is not None
        await asyncio.wait_for(asyncio.shield(app.left), PATIENCE)
        app.released.set()


async def test_whoever_does_not_take_the_rest_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "LINGER_SECONDS", 0.05)
    app = App()
    async with serving(app, ws=Watched) as port, bare(port) as (_, writer):
        writer.write(frame(TEXT, b"sink"))
        await asyncio.wait_for(Watched.last.lost.wait(), PATIENCE)


async def test_an_orderly_goodbye() -> None:
    async with serving(App(), ws=Watched) as port:
        async with patient.connect(f"ws://127.0.0.1:{port}/") as client:
            await client.close(1000)
            with pytest.raises(ConnectionClosed):
                await client.recv()
        await asyncio.wait_for(Watched.last.lost.wait(), PATIENCE)


async def test_the_key_in_a_query_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "uvicorn")
    async with serving(App(), ws=Watched) as port, patient.connect(f"ws://127.0.0.1:{port}/?api_key=sesame") as client:
        await client.send("hello")
        await client.recv()
    assert caplog.messages and "sesame" not in "".join(message for message in caplog.messages if "WebSocket" in message)


async def test_a_socket_that_is_refused_is_no_error_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.http.response.start", "status": 401, "headers": []})
        await send({"type": "websocket.http.response.body", "body": b"no", "more_body": False})

    async with serving(app, ws=Watched) as port:
        with pytest.raises(InvalidStatus) as caught:
            async with patient.connect(f"ws://127.0.0.1:{port}"):
                pass
        async with asyncio.timeout(PATIENCE):
            await Watched.last.lost.wait()
    assert (caught.value.response.status_code, caught.value.response.body) == (401, b"no")
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


class DirectApp:
    """Takes its messages past ASGI: behind a text it has to be told to go on."""

    def __init__(self) -> None:
        self.taken: list[str | bytes] = []
        self.waiting = asyncio.Event()
        self.begun = asyncio.Event()
        self.direct: DirectMessages | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        self.direct = direct = scope["extensions"][DIRECT]
        await self.begun.wait()
        direct.hand_to(self.take)
        await scope["extensions"][LEFT]

    def take(self, message: str | bytes) -> bool:
        self.taken.append(message)
        if isinstance(message, str):
            self.waiting.set()
        return isinstance(message, bytes)


async def test_messages_past_asgi_come_in_order_also_those_that_were_read_before() -> None:
    app = DirectApp()
    async with serving(app, ws=Watched) as port, patient.connect(f"ws://127.0.0.1:{port}/") as client:
        for data in (b"1", b"2", b"3"):
            await client.send(data)
        await asyncio.wait_for(Watched.last.parsed.wait(), PATIENCE)
        assert app.taken == []
        app.begun.set()
        await client.send("4")
        await asyncio.wait_for(app.waiting.wait(), PATIENCE)
        assert app.taken == [b"1", b"2", b"3", "4"] and app.direct is not None
        app.direct.take_more()


async def test_the_next_waits_until_more_is_taken() -> None:
    app = DirectApp()
    app.begun.set()
    async with serving(app, ws=Watched) as port, bare(port) as (_, writer):
        writer.write(frame(BINARY, b"1") + frame(TEXT, b"2") + frame(BINARY, b"3") * 2000 + frame(TEXT, b"4"))
        await asyncio.wait_for(app.waiting.wait(), PATIENCE)
        for _ in range(5):
            await asyncio.sleep(0)
        assert app.taken == [b"1", "2"] and app.direct is not None
        app.waiting.clear()
        app.direct.take_more()
        await asyncio.wait_for(app.waiting.wait(), PATIENCE)
        assert app.taken == [b"1", "2", *[b"3"] * 2000, "4"]


async def test_others_have_their_turn_between_messages_that_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sliced_messages, "SLICE_SECONDS", 2.5)
    flooded, quiet = DirectApp(), App()
    flooded.begun.set()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (quiet if scope["path"] == "/quiet" else flooded)(scope, receive, send)

    monkeypatch.setattr(sliced_messages, "time", Clock())
    async with (
        serving(app, ws=Watched) as port,
        patient.connect(f"ws://127.0.0.1:{port}/quiet") as other,
        bare(port) as (_, writer),
    ):
        writer.write(frame(BINARY) * 100 + frame(TEXT, b"2"))
        seen = []
        while not flooded.waiting.is_set():
            await other.send("hello")
            assert await asyncio.wait_for(other.recv(), PATIENCE) == "hello"
            seen.append(len(flooded.taken))
    assert len(set(seen)) > 3 and len(flooded.taken) == 101


class Clock:
    """Each look at it comes later than the one before."""

    def __init__(self) -> None:
        self._now = 0.0

    def monotonic(self) -> float:
        self._now += 1.0
        return self._now


async def test_what_is_sent_past_asgi_arrives_and_nothing_is_sent_behind_a_goodbye() -> None:
    app = DirectApp()
    async with serving(app, ws=Watched) as port, patient.connect(f"ws://127.0.0.1:{port}/") as client:
        app.begun.set()
        await client.send("1")
        await asyncio.wait_for(app.waiting.wait(), PATIENCE)
        assert app.direct is not None
        app.direct.take_more()
        assert app.direct.send_now("wörd") and app.direct.send_now(b"\x00\xff")
        assert [await client.recv(), await client.recv()] == ["wörd", b"\x00\xff"]
        Watched.last.writable.clear()
        assert not app.direct.send_now(b"more than the transport takes")
        Watched.last.writable.set()
        await client.close()
        assert not app.direct.send_now("late")


async def test_text_that_is_no_utf_8_ends_a_socket_past_asgi() -> None:
    app = DirectApp()
    app.begun.set()
    async with serving(app, ws=Watched) as port, bare(port) as (reader, writer):
        writer.write(frame(BINARY, b"1") + frame(TEXT, b"\xff"))
        assert (await asyncio.wait_for(reader.read(4), PATIENCE))[2:] == (1007).to_bytes(2, "big")
    assert "\xff" not in app.taken
