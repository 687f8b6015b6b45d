"""On real sockets: requests that offer a protocol which is not spoken here are served as if they did not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from tests.middleware.edge.apps import Raw, app_with, settings
from tests.serving import serving

pytestmark = pytest.mark.socket

APP = app_with(settings())
BODY = b'{"text": "Hello."}'
JAVA = "Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\nUpgrade: h2c\r\n"
"""Headers that stock Java and Kotlin clients, and `curl --http2`, send with the first request of a connection."""
OFFERS = [
    JAVA,
    "Upgrade: h2c\r\nConnection: keep-alive, upgrade\r\n",
    "Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n",
    "Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n",
]


@pytest.fixture
async def raw() -> AsyncIterator[Raw]:
    async with serving(APP) as port, Raw.open(port) as raw:
        yield raw


def post(offer: str, more: str = "", path: str = "/tts") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{offer}{more}"
    return head.encode()


async def spoken(raw: Raw) -> None:
    status, _, body = await raw.answer()
    assert (status, json.loads(body)["text"]) == (200, "Hello.")


@pytest.mark.parametrize("offer", OFFERS)
async def test_the_body_behind_an_offer_arrives(raw: Raw, offer: str) -> None:
    request = post(offer, f"Content-Length: {len(BODY)}\r\n\r\n") + BODY
    for _ in range(2):
        await raw.send(request)
        await spoken(raw)


@pytest.mark.parametrize("size", [1, 7, 64])
async def test_however_its_packets_are_cut(raw: Raw, size: int) -> None:
    request = post(JAVA, f"Content-Length: {len(BODY)}\r\n\r\n") + BODY
    for start in range(0, len(request), size):
        await raw.send(request[start : start + size])
        await asyncio.sleep(0)
    await spoken(raw)


async def test_the_head_first_and_the_body_when_it_is_asked_for(raw: Raw) -> None:
    await raw.send(post(JAVA, f"Expect: 100-continue\r\nContent-Length: {len(BODY)}\r\n\r\n"))
    assert await raw.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    await raw.send(BODY)
    await spoken(raw)


async def test_a_body_in_chunks_and_requests_behind_it(raw: Raw) -> None:
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
    first = post(JAVA, "Transfer-Encoding: chunked\r\n\r\n") + chunked
    plain = post("", f"Content-Length: {len(BODY)}\r\n\r\n") + BODY
    offering = post(JAVA, f"Content-Length: {len(BODY)}\r\n\r\n") + BODY
    await raw.send(first + plain + offering + plain)
    for _ in range(4):
        await spoken(raw)


async def test_no_body_at_all(raw: Raw) -> None:
    await raw.send(f"GET /voices HTTP/1.1\r\nHost: 127.0.0.1\r\n{JAVA}\r\n".encode())
    assert (await raw.answer())[0] == 200


async def test_the_headers_arrive_without_the_offer(raw: Raw) -> None:
    await raw.send(f"GET /voices HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Request-ID: of-mine\r\n{JAVA}\r\n".encode())
    _, headers, body = await raw.answer()
    assert headers["x-request-id"] == json.loads(body)["id"] == "of-mine"


async def test_an_older_http_says_goodbye_as_before(raw: Raw) -> None:
    await raw.send(b"GET /voices HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
    assert (await raw.answer())[0] == 200
    assert await raw.closed()


async def test_a_tunnel_is_refused(raw: Raw) -> None:
    await raw.send(b"CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    status, headers, body = await raw.answer()
    assert (status, headers["connection"]) == (400, "close")
    assert json.loads(body)["code"] == "malformed_request"
