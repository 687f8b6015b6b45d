from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import pytest
import structlog
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs
from structlog.typing import EventDict
from websockets.exceptions import ConnectionClosed, InvalidStatus

from middleware.edge.boundary import ErrorBoundary, close_code
from middleware.edge.refusals import shown_path
from stts.errors import (
    Busy,
    EngineAccessDenied,
    EngineNotInstalled,
    EngineTimeout,
    EngineWeightsMissing,
    STTSError,
    UnknownVoice,
)
from tests import patient
from tests.middleware.edge.apps import SECRET, app_with, client, settings
from tests.serving import serving

pytestmark = pytest.mark.socket

APP = app_with(settings())


@pytest.fixture
def logged() -> Iterator[list[EventDict]]:
    structlog.reset_defaults()
    with capture_logs() as lines:
        yield lines


@pytest.mark.parametrize("path", ["/broken", "/v1/broken"])
async def test_what_nobody_foresaw_is_answered_and_logged(path: str, logged: list[EventDict]) -> None:
    app = app_with(settings())

    @app.get("/v1/broken")
    async def broken() -> None:
        raise KeyError(SECRET)

    async with client(app) as http:
        answer = await http.get(path)
    assert answer.status_code == 500
    body = answer.json()
    assert body.get("code", body.get("error", {}).get("code")) == "internal_error"
    assert SECRET not in answer.text
    [line] = logged
    assert (line["event"], line["path"], line["error"]) == ("unexpected error", path, "KeyError")
    assert isinstance(line["exc_info"], KeyError)


async def test_an_answer_that_has_begun_is_cut_off_and_not_answered_again(logged: list[EventDict]) -> None:
    async with serving(APP) as port, client_of(port) as http:
        with pytest.raises(httpx.RemoteProtocolError):
            await http.get(f"http://127.0.0.1:{port}/cut")
        assert (await http.get(f"http://127.0.0.1:{port}/health")).status_code == 200
    assert [line for line in logged if line["log_level"] == "error"] == []


async def test_a_stream_that_a_stop_cuts_is_no_error(logged: list[EventDict], caplog: pytest.LogCaptureFixture) -> None:
    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"audio", "more_body": True})
        await asyncio.Event().wait()

    async with serving(ErrorBoundary(endless), grace=0) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"audio\r\n")
    assert await reader.read() == b""
    writer.close()
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
    assert [line for line in logged if line["log_level"] == "error"] == []


@pytest.mark.parametrize(
    "frame", [b"\x81\x82\0\0\0\0\xff\xfe", b"\x83\x80\0\0\0\0", b"\xc1\x80\0\0\0\0", b"\x81\x02{}"]
)
async def test_a_malformed_frame_is_no_error(
    frame: bytes, logged: list[EventDict], caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(APP) as port:
        socket = await patient.connect(f"ws://127.0.0.1:{port}/ws")
        socket.transport.write(frame)
        await socket.wait_closed()
        assert socket.close_code in (1002, 1007)
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
    [line] = [line for line in logged if line["log_level"] != "debug"]
    assert (line["event"], line["path"], line["close_code"]) == ("socket", "/ws", socket.close_code)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/files/upl_0123456789abcdefABCDEF/content", "/files/upl_0123456789abcdefABCDEF/content"),
        ("/v1/v1/models/", "/v1/v1/models/"),
        ("/say/my secret words", "/say/*"),
        ("/tts/stts_0123456789ab_0123/x", "/tts/*/x"),
        ("/v1/ek_abcdef", "/v1/*"),
        ("/sk-abcdef", "/*"),
        (f"/{'x' * 33}", "/*"),
        ("/*", "/*"),
        ("/" * 200, "/" * 100),
    ],
)
def test_a_path_is_logged_without_words_and_keys(path: str, shown: str) -> None:
    assert shown_path(path) == shown


@pytest.mark.parametrize(("path", "status"), [("/unknown-voice", 422), ("/v1/unknown-voice", 400), ("/nothing", 404)])
async def test_an_error_is_one_line_with_its_reason(path: str, status: int, logged: list[EventDict]) -> None:
    async with client(APP) as http:
        answer = await http.get(path)
    [line] = logged
    assert (line["event"], line["method"], line["path"], line["http_status"]) == ("refused", "GET", path, status)
    assert line["reason"] in answer.text


def client_of(port: int) -> httpx.AsyncClient:
    return patient.AsyncClient(base_url=f"http://127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/ws/busy", 503, "busy"),
        ("/ws/broken", 500, "internal_error"),
        ("/ws/query?rate=fast", 422, "invalid_request"),
        ("/nowhere", 404, "not_found"),
    ],
)
async def test_sockets_that_fail_before_they_are_accepted(path: str, status: int, code: str) -> None:
    async with serving(APP) as port:
        with pytest.raises(InvalidStatus) as refused:
            await patient.connect(f"ws://127.0.0.1:{port}{path}")
    assert refused.value.response.status_code == status
    body = refused.value.response.body or b""
    assert f'"code": "{code}"'.encode() in body
    assert SECRET.encode() not in body


@pytest.mark.parametrize(("path", "code"), [("/ws/busy", 1013), ("/ws/broken", 1011)])
async def test_sockets_that_fail_later_are_closed(path: str, code: int) -> None:
    async with serving(APP) as port, patient.connect(f"ws://127.0.0.1:{port}{path}?accept=true") as socket:
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == code


@pytest.mark.parametrize(("path", "code"), [("/wait", "code"), ("/v1/wait", "error")])
async def test_a_stop_that_waits_no_longer_is_told(path: str, code: str, caplog: pytest.LogCaptureFixture) -> None:
    app = app_with(settings())
    reached = asyncio.Event()

    @app.get(path)
    async def wait() -> None:
        reached.set()
        await asyncio.Event().wait()

    async with client_of(0) as http:
        async with serving(app, grace=0) as port:
            asking = asyncio.create_task(http.get(f"http://127.0.0.1:{port}{path}", headers={"X-Request-ID": "mine"}))
            await reached.wait()
        answer = await asking
    assert (answer.status_code, answer.headers["x-request-id"]) == (503, "mine")
    assert "shutting_down" in str(answer.json()[code])
    assert [record.getMessage() for record in caplog.records if "ASGI" in record.getMessage()] == []


async def test_a_begun_answer_is_cancelled_as_it_is() -> None:
    async def begun(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        raise asyncio.CancelledError

    async def receive() -> Message:
        return {"type": "http.request"}

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    with pytest.raises(asyncio.CancelledError):
        await ErrorBoundary(begun)({"type": "http", "path": "/tts"}, receive, send)
    assert [message["type"] for message in sent] == ["http.response.start"]


async def test_a_socket_whose_client_leaves_is_no_error(logged: list[EventDict]) -> None:
    async with serving(APP) as port:
        socket = await patient.connect(f"ws://127.0.0.1:{port}/ws")
        await socket.close()
    assert [line["log_level"] for line in logged if line["log_level"] == "error"] == []


async def test_a_client_that_leaves_is_no_error(logged: list[EventDict]) -> None:
    async def leaving(scope: Scope, receive: Receive, send: Send) -> None:
        raise ClientDisconnect

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        raise AssertionError("nobody is there")

    await ErrorBoundary(leaving)({"type": "http", "path": "/tts"}, receive, send)
    assert [line["log_level"] for line in logged] == ["debug"]


async def test_the_life_of_the_server_passes_untouched() -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("cannot start")

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None: ...

    with pytest.raises(RuntimeError, match="cannot start"):
        await ErrorBoundary(failing)({"type": "lifespan"}, receive, send)


def test_close_codes() -> None:
    assert [close_code(error("x")) for error in (UnknownVoice, Busy, EngineTimeout)] == [1008, 1013, 1011]


@pytest.mark.parametrize("error", [EngineNotInstalled, EngineWeightsMissing, EngineAccessDenied])
def test_what_is_not_installed_is_not_asked_for_again(error: type[STTSError]) -> None:
    assert close_code(error("x")) == 1008
