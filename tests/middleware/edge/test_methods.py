"""HEAD, OPTIONS and Allow, on a small app and on a real socket."""

from __future__ import annotations

import pytest
from fastapi import FastAPI

from tests.middleware.edge.apps import Raw, app_with, client, settings
from tests.serving import serving


def app_with_two_routes() -> FastAPI:
    app = app_with(settings())
    app.add_api_route("/tts", lambda: "a short text", methods=["GET"])
    return app


@pytest.mark.socket
@pytest.mark.parametrize("path", ["/voices", "/v1/models", "/docs", "/openapi.json", "/health"])
async def test_head_is_the_head_of_get(path: str) -> None:
    async with serving(app_with(settings())) as port, Raw.open(port) as raw:
        await raw.send(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Request-Id: same\r\n\r\n".encode())
        status, headers, _ = await raw.answer()
        await raw.send(f"HEAD {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Request-Id: same\r\n\r\n".encode())
        head = (await raw.reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        assert head[0].split()[1] == str(status) == "200"
        assert {line for line in head[1:] if line} == {f"{key}: {value}".lower() for key, value in headers.items()}
        await raw.send(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert (await raw.answer())[0] == 200  # so nothing of a body came between


async def test_head_of_a_failure_has_its_status() -> None:
    async with client(app_with(settings())) as http:
        assert (await http.head("/nothing")).status_code == 404
        assert (await http.head("/unknown-voice")).status_code == 422
        assert (await http.head("/query?number=0")).status_code == 422


async def test_allow_is_of_all_routes_of_the_path() -> None:
    async with client(app_with_two_routes()) as http:
        answer = await http.delete("/tts")
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST, OPTIONS")
        assert answer.json()["allowed"] == ["GET", "HEAD", "POST", "OPTIONS"]
        assert (await http.get("/stt")).headers["allow"] == "POST, OPTIONS"
        assert (await http.head("/stt")).status_code == 405
        assert (await http.post("/docs")).headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.socket
@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        (b"/tts", "POST, OPTIONS"),
        (b"/voices", "GET, HEAD, OPTIONS"),
        (b"*", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
    ],
)
async def test_options_tell_them(target: bytes, allowed: str) -> None:
    async with serving(app_with(settings())) as port, Raw.open(port) as raw:
        await raw.send(b"OPTIONS %b HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % target)
        status, headers, _ = await raw.answer()
        assert (status, headers["allow"]) == (204, allowed)


async def test_options_of_nothing_are_not_found() -> None:
    async with client(app_with(settings())) as http:
        assert (await http.options("/nothing")).status_code == 404


@pytest.mark.parametrize(("path", "form"), [("/ws", "code"), ("/v1/realtime", "error")])
async def test_a_path_of_sockets_says_so(path: str, form: str) -> None:
    async with client(app_with(settings())) as http:
        for method in ("GET", "POST"):
            answer = await http.request(method, path)
            assert (answer.status_code, answer.headers["upgrade"], answer.headers["connection"]) == (
                426,
                "websocket",
                "Upgrade",
            )
            assert "ws://" in answer.text
            assert form in answer.json()
        assert (await http.get("/nothing")).status_code == 404


@pytest.mark.socket
async def test_a_socket_is_still_opened_after_the_hint() -> None:
    async with serving(app_with(settings())) as port, Raw.open(port) as raw:
        await raw.send(b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert (await raw.answer())[0] == 426
        await raw.send(
            b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert (await raw.answer())[0] == 101
