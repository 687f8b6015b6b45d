"""On real sockets: heads that are too long, and heads that do not come."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import struct
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from middleware.serving import http_head as protocol
from middleware.serving.head_size import HEAD_BYTES
from tests import patient
from tests.middleware.edge.apps import Raw, app_with, client, settings
from tests.serving import serving
from tests.skipping import skip

pytestmark = pytest.mark.socket

APP = app_with(settings())
GET = b"GET /voices HTTP/1.1\r\nHost: 127.0.0.1\r\n"
TOO_MANY = HEAD_BYTES + 256 * 1024
"""Bytes: what one read brings may come on top, where it begins in the middle."""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.05)


async def sent_until_closed(raw: Raw, data: bytes, most: int) -> int:
    """Bytes that could be sent before the server closed the connection."""
    sent = 0
    try:
        while sent < most:
            await raw.send(data)
            sent += len(data)
            await asyncio.sleep(0)
    except ConnectionError:
        pass
    return sent


@pytest.mark.parametrize(
    "head",
    [
        GET + b"X: " + b"x" * TOO_MANY,
        GET + b"x" * TOO_MANY,
        GET + b"X: " + b"x" * TOO_MANY + b"\r\n\r\n",
        GET + b"X: y\r\n" * 20_000,
        GET + b"".join(b"X: %b\r\n" % (b"x" * 10_000) for _ in range(7)) + b"\r\n",
        b"GET /" + b"x" * TOO_MANY,
        b"\r\n" * 200_000,
    ],
)
@pytest.mark.parametrize("at_once", [1000, 1_000_000])
async def test_a_head_that_is_too_long_is_refused(head: bytes, at_once: int) -> None:
    async with serving(APP) as port, Raw.open(port) as raw:
        for start in range(0, len(head), at_once):
            await raw.send(head[start : start + at_once])
        status, headers, _ = await raw.answer()
        assert (status, headers["connection"]) == (431, "close")


async def test_whoever_goes_on_sending_it_gets_the_answer_and_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "LINGER_SECONDS", 0.05)
    async with serving(APP) as port, Raw.open(port) as raw:
        await raw.send(GET + b"X: " + b"x" * 1_000_000)
        assert (await raw.answer())[0] == 431
        await sent_until_closed(raw, b"x" * 1_000_000, 10**12)


async def test_a_long_head_that_is_not_too_long() -> None:
    async with serving(APP) as port, Raw.open(port) as raw:
        for _ in range(3):
            await raw.send(GET + b"".join(b"X: %b\r\n" % (b"x" * 10_000) for _ in range(6)) + b"\r\n")
            assert (await raw.answer())[0] == 200


async def test_a_long_body_is_no_head() -> None:
    async with serving(APP) as port, Raw.open(port) as raw:
        for size in (1_000_000, 1_000_001):
            await raw.post("/files", f"Content-Length: {size}", b"x" * size)
            assert (await raw.answer())[::2] == (200, str(size).encode())


@pytest.mark.parametrize("trailer", [b"X: " + b"x" * 100_000, b"X: y\r\n" * 20_000])
async def test_trailers_are_bounded_too(trailer: bytes) -> None:
    async with serving(APP) as port, Raw.open(port) as raw:
        await raw.post("/files", "Transfer-Encoding: chunked", b"0\r\n")
        assert await sent_until_closed(raw, trailer, 100_000_000) < 100_000_000


async def test_a_body_that_is_no_http_is_still_answered() -> None:
    async with serving(APP) as port, Raw.open(port) as raw:
        await raw.post("/files", "Transfer-Encoding: chunked", b"no length\r\n")
        assert (await raw.answer())[0] == 400


@pytest.mark.parametrize("start", [b"", b"\r\n", b"GET", GET, GET + b"X: half"])
@pytest.mark.usefixtures("impatient")
async def test_a_head_that_does_not_come_ends_the_connection(start: bytes) -> None:
    async with serving(APP) as port, Raw.open(port) as raw:
        await raw.send(start)
        assert await raw.closed()


@pytest.mark.parametrize("start", [b"\r\n", GET])
async def test_nor_does_a_later_one_keep_it(start: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(APP) as port, Raw.open(port) as raw:
        await raw.send(GET + b"\r\n")
        assert (await raw.answer())[0] == 200
        monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.05)
        await raw.send(start)
        assert await raw.closed()


@pytest.mark.usefixtures("impatient")
async def test_a_head_is_on_its_way_for_so_long_however_often_a_byte_comes() -> None:
    async with serving(APP) as port, Raw.open(port) as raw:
        await raw.send(GET)
        sending = asyncio.create_task(sent_until_closed(raw, b"x", 10**9))
        assert await raw.closed()
        await sending


async def test_bodies_and_answers_have_their_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    # So much later than the head is there also on a busy machine.
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.7)
    async with serving(APP) as port, Raw.open(port) as raw:
        await raw.post("/files", "Content-Length: 2", b"x")
        await asyncio.sleep(0.8)
        await raw.send(b"x")
        assert (await raw.answer())[2] == b"2"


async def test_sockets_may_stay() -> None:
    async with serving(APP) as port, patient.connect(f"ws://127.0.0.1:{port}/ws", ping_interval=None) as socket:
        skip(2 * protocol.HEAD_SECONDS)
        await asyncio.sleep(0.01)
        await socket.send("still here" * 20_000)
        assert await socket.recv() == "still here" * 20_000


async def test_requests_in_a_row_are_answered_in_order() -> None:
    async with serving(APP) as port, Raw.open(port) as raw:
        await raw.send(b"".join(GET + b"X-Request-ID: %d\r\n\r\n" % number for number in range(50)))
        assert [(await raw.answer())[1]["x-request-id"] for _ in range(50)] == [str(number) for number in range(50)]


async def test_not_too_many_of_them() -> None:
    async with serving(APP) as port, Raw.open(port) as raw:
        asking = asyncio.create_task(sent_until_closed(raw, (GET + b"\r\n") * 2000, 1))
        answers = 0
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            while answers < 2000:
                await raw.answer()
                answers += 1
        await asking


async def test_a_later_head_never_writes_into_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    app = FastAPI()

    @app.get("/endless")
    async def endless(request: Request) -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield b"begun"
            while (await request.receive())["type"] != "http.disconnect":
                pass

        return StreamingResponse(parts())

    async with serving(app) as port, Raw.open(port) as raw:
        await raw.send(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        got = await raw.reader.readuntil(b"begun\r\n")
        await raw.send(GET + b"X: " + b"x" * 10 * TOO_MANY)
        with pytest.raises(ConnectionError):
            got += await raw.reader.read()
    assert got.count(b"HTTP/1.1") == 1
    assert not caplog.records


OFFER = (
    b"%b HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


@pytest.mark.parametrize("method", [b"POST", b"HEAD", b"OPTIONS"])
async def test_a_socket_that_no_get_asks_for_is_passed_over(method: bytes) -> None:
    async with serving(APP) as port, Raw.open(port) as raw:
        await raw.send(OFFER % (method + b" /nothing"))
        async with asyncio.timeout(patient.PATIENCE):
            assert (await raw.reader.readline()).startswith(b"HTTP/1.1 404 ")


async def test_a_socket_behind_an_answer_that_is_due_does_not_talk_into_it() -> None:
    app = FastAPI()

    @app.get("/first")
    async def first() -> Response:
        return Response("first")

    @app.websocket("/socket")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()

    async with serving(app) as port, Raw.open(port) as raw, asyncio.timeout(patient.PATIENCE):
        # In one read: the first is begun when all of it has been parsed.
        await raw.send(b"GET /first HTTP/1.1\r\nHost: x\r\n\r\n" + OFFER % b"GET /socket" + GET + b"\r\n")
        assert (await raw.answer())[2] == b"first"
        assert [(await raw.answer())[0] for _ in range(2)] == [404, 404]


async def test_the_application_does_not_know_of_it() -> None:
    async with client(APP) as http:
        assert (await http.get("/voices")).status_code == 200


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (b"GET /tts\x00 HTTP/1.1\r\n\r\n", 400, "malformed_request"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "malformed_request"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "malformed_request"),
        (b"POST /stt HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: x\r\n\r\n", 400, "malformed_request"),
        (b"GET /" + b"x" * TOO_MANY, 431, "head_too_large"),
    ],
)
async def test_what_is_no_request_is_refused_in_our_form(request_: bytes, status: int, code: str) -> None:
    async with serving(APP) as port, Raw.open(port) as raw:
        await raw.send(request_)
        got, headers, body = await raw.answer()
        problem = json.loads(body)
        assert (got, problem["code"], problem["status"]) == (status, code, status)
        assert headers["content-type"] == "application/problem+json"
        assert problem["request_id"] == headers["x-request-id"] != ""


async def test_and_in_that_of_its_dialect() -> None:
    async with serving(APP) as port, Raw.open(port) as raw:
        await raw.post("/v1/audio/speech", "Transfer-Encoding: chunked", b"no length\r\n")
        status, headers, body = await raw.answer()
        assert (status, json.loads(body)["error"]["code"]) == (400, "malformed_request")
        assert headers["content-type"] == "application/json" and headers["x-request-id"]


@pytest.mark.parametrize("query", ["number=1&x=ü".encode(), b"number=1&x=\xfc"])
async def test_a_raw_umlaut_in_a_query_is_no_fault(query: bytes) -> None:
    async with serving(APP) as port, Raw.open(port) as raw:
        request = b"\r\nGET /query?" + query + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nX: \xfc\r\n\r\n"
        for step in (len(request), 5, 1):
            for start in range(0, len(request), step):
                await raw.send(request[start : start + step])
                await asyncio.sleep(0)
            assert (await raw.answer())[0] == 200


async def test_what_was_reset_before_it_was_accepted_is_not_done() -> None:
    """Nobody can tell any more where it came from: it would count as from this machine, which no limit holds."""
    done: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        done.append(scope["path"])
        await Response()(scope, receive, send)

    async with serving(app) as port:
        with patient.create_connection(("127.0.0.1", port)) as raw:
            raw.sendall(b"POST /reset HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        async with patient.AsyncClient() as http:
            await http.get(f"http://127.0.0.1:{port}/after")
    assert done == ["/after"]
