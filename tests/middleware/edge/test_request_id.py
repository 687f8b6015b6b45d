from __future__ import annotations

import string

import pytest
import structlog
from fastapi import FastAPI, Request, Response
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import InvalidStatus

from middleware.edge.request_id import RequestId
from tests import patient
from tests.middleware.edge.apps import app_with, client, settings
from tests.serving import serving

APP = app_with(settings())


async def test_an_id_is_made() -> None:
    async with client(APP) as http:
        first, second = await http.get("/voices"), await http.get("/voices")
    assert first.headers["x-request-id"] == first.json()["id"]
    assert first.json()["id"] != second.json()["id"]


async def test_a_sane_id_of_the_client_is_taken() -> None:
    async with client(APP) as http:
        answer = await http.get("/voices", headers={"X-Request-ID": "a-1.b:2_C"})
    assert answer.headers.get_list("x-request-id") == ["a-1.b:2_C"]
    assert answer.json()["id"] == "a-1.b:2_C"


@pytest.mark.parametrize("bad", ["", "a b", "x" * 129, "<script>", "é", "a;b"])
async def test_any_other_is_replaced(bad: str) -> None:
    async with client(APP) as http:
        answer = await http.get("/voices", headers={b"X-Request-ID": bad.encode("latin-1")})
    assert len(answer.headers["x-request-id"]) == 32


@given(st.binary(max_size=200))
async def test_whatever_is_sent_the_answer_has_a_sane_one(sent: bytes) -> None:
    async with client(APP) as http:
        answer = await http.get("/health", headers={b"X-Request-ID": sent})
    given_back = answer.headers["x-request-id"]
    assert 1 <= len(given_back) <= 128
    assert set(given_back) <= set(string.ascii_letters + string.digits + "._:-")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("DELETE", "/tts", 405),
        ("POST", "/tts", 422),
        ("GET", "/busy", 503),
        ("GET", "/broken", 500),
    ],
)
async def test_errors_carry_it_too(method: str, path: str, status: int) -> None:
    async with client(APP) as http:
        answer = await http.request(method, path, headers={"X-Request-ID": "mine"})
    assert answer.status_code == status
    assert answer.headers["x-request-id"] == "mine"
    assert answer.json()["request_id"] == "mine"


@pytest.mark.socket
@pytest.mark.parametrize("path", ["/nowhere", "/ws/busy", "/ws/broken", "/ws/query?rate=fast"])
async def test_refused_sockets_carry_it(path: str) -> None:
    async with serving(APP) as port:
        with pytest.raises(InvalidStatus) as refused:
            await patient.connect(f"ws://127.0.0.1:{port}{path}", additional_headers={"X-Request-ID": "mine"})
    assert refused.value.response.headers["x-request-id"] == "mine"


@pytest.mark.socket
async def test_accepted_sockets_carry_it() -> None:
    async with serving(APP) as port, patient.connect(f"ws://127.0.0.1:{port}/ws") as socket:
        assert socket.response is not None
        assert len(socket.response.headers["x-request-id"]) == 32
        await socket.send("hello")
        assert await socket.recv() == "hello"


async def test_lines_logged_on_the_way_carry_it_and_later_ones_do_not() -> None:
    app = FastAPI()
    seen = []

    @app.get("/")
    async def endpoint(request: Request) -> Response:
        seen.append(structlog.contextvars.get_contextvars()["request_id"])
        return Response(headers={"X-Request-ID": "the endpoint's own"})

    async with client(RequestId(app)) as http:
        answer = await http.get("/", headers={"X-Request-ID": "mine"})
    assert seen == ["mine"]
    assert answer.headers.get_list("x-request-id") == ["mine"]
    assert "request_id" not in structlog.contextvars.get_contextvars()
