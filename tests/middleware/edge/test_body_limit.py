"""On real sockets: what matters here is what the server does with bytes that do not come."""

from __future__ import annotations

import asyncio
import logging

import pytest

from middleware.edge import body_limit
from middleware.edge.body_limit import Pace
from middleware.serving.http_head import BoundedHead
from tests import patient
from tests.middleware.edge.apps import Raw, app_with, client, settings
from tests.serving import serving
from tests.skipping import skip

pytestmark = pytest.mark.socket

SMALL = {"json_bytes": 1024, "upload_bytes": 4096}
STALLS = {"body_seconds": 0.1}
Http = str | type[asyncio.Protocol]
FORM = "multipart/form-data; boundary=x"
JSON = "Content-Type: application/json"

http_implementations = pytest.mark.parametrize("http", ["h11", BoundedHead])


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@http_implementations
async def test_an_announced_length_is_refused_at_once(http: Http) -> None:
    async with serving(app_with(settings(limits=SMALL)), http) as port, Raw.open(port) as raw:
        await raw.post("/tts", f"{JSON}\r\nContent-Length: 1025")
        status, headers, body = await raw.answer()
        assert (status, headers["connection"]) == (413, "close")
        assert b'"code": "payload_too_large"' in body
        assert b"1024 bytes" in body


@http_implementations
@pytest.mark.parametrize("path", ["/tts", "/files", "/stt"])
async def test_a_length_that_is_not_announced_is_counted(http: Http, path: str) -> None:
    kind = JSON if path == "/tts" else "Content-Type: multipart/form-data; boundary=x"
    async with serving(app_with(settings(limits=SMALL)), http) as port, Raw.open(port) as raw:
        await raw.post(path, f"{kind}\r\nTransfer-Encoding: chunked")
        for _ in range(5):
            await raw.send(chunk(b" " * 1000))
        status, headers, body = await raw.answer()
        assert (status, headers["connection"]) == (413, "close")
        assert b"payload_too_large" in body
        await raw.send(chunk(b""))
        assert await raw.closed()


@pytest.mark.parametrize(
    ("path", "content_type", "size", "status"),
    [
        ("/files", FORM, 4096, 200),
        ("/files", "Multipart/Form-Data; boundary=x", 4096, 200),
        ("/files", FORM, 4097, 413),
        ("/files", "audio/wav", 1025, 413),
        ("/files", "", 1025, 413),
        ("/files", "application/x-www-form-urlencoded", 1025, 413),
        ("/files", "application/json", 1025, 413),
        ("/files/cleanup", FORM, 1025, 413),
        ("/tts", FORM, 1025, 413),
        ("/tts", "audio/wav", 1025, 413),
        ("/filesystem", FORM, 1025, 413),
    ],
)
async def test_uploads_may_be_longer_but_only_where_files_are_taken(
    path: str, content_type: str, size: int, status: int
) -> None:
    async with client(app_with(settings(limits=SMALL))) as http:
        answer = await http.post(path, content=b"x" * size, headers={"Content-Type": content_type})
    assert answer.status_code == status


async def test_openai_clients_get_their_own_shape() -> None:
    async with client(app_with(settings(limits=SMALL))) as http:
        answer = await http.post("/v1/audio/speech", json={"text": "x" * 2000})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "payload_too_large")


@http_implementations
async def test_a_client_that_sends_all_before_it_reads_gets_its_answer(http: Http) -> None:
    async with serving(app_with(settings(limits=SMALL)), http) as port, patient.AsyncClient() as client:
        answer = await client.post(f"http://127.0.0.1:{port}/files", content=b"x" * 20_000_000)
    assert answer.status_code == 413


@http_implementations
@pytest.mark.parametrize(
    ("path", "headers", "start"),
    [
        ("/tts", f"{JSON}\r\nContent-Length: 100", b'{"text": '),
        ("/tts", f"{JSON}\r\nContent-Length: 100", b""),
        ("/files", "Content-Length: 100", b"half"),
        ("/files", "Transfer-Encoding: chunked", chunk(b"half")),
        ("/stt", "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000", b"--x\r\n"),
    ],
)
async def test_a_body_that_stalls(http: Http, path: str, headers: str, start: bytes) -> None:
    async with serving(app_with(settings(limits=STALLS)), http) as port, Raw.open(port) as raw:
        await raw.post(path, headers, start)
        status, answered, body = await raw.answer()
        assert (status, answered["connection"]) == (408, "close")
        assert b'"code": "body_timeout"' in body
        assert await raw.closed()


async def test_a_slow_body_that_goes_on_is_no_stall() -> None:
    limits = {"body_seconds": 30, "body_rate": 1}
    async with serving(app_with(settings(limits=limits))) as port, Raw.open(port) as raw:
        await raw.post("/files", "Content-Length: 600")
        for _ in range(6):
            await asyncio.sleep(0.01)  # until the server waits for more
            skip(20)
            await raw.send(b"x" * 100)
        assert (await raw.answer())[0] == 200


def test_a_body_may_pause_and_must_not_drip() -> None:
    pace = Pace(pause=30, rate=500, total=3600)
    assert pace.bound(0) == (30, "Nothing more of the body came for 30 s.")
    pace.waited = 20
    assert pace.bound(500) == (11, "The body came more slowly than 500 bytes a second.")
    assert pace.bound(500_000)[0] == 30
    pace.waited = 3590
    assert pace.bound(10**9) == (10, "The body took longer than 3600 s.")
    pace.waited = 3700
    assert pace.bound(10**9)[0] == 0


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"body_seconds": 30, "body_rate": 1_000_000}, b"more slowly than 1e+06 bytes"),
        ({"body_total_seconds": 25}, b"longer than 25 s"),
    ],
)
@pytest.mark.parametrize(
    ("path", "head", "start", "drop"),
    [
        ("/files", "Content-Length: 100000", b"", b"x"),
        ("/files", "Transfer-Encoding: chunked", b"", chunk(b"x")),
        ("/tts", f"{JSON}\r\nContent-Length: 100000", b"{", b" "),
        ("/stt", f"Content-Type: {FORM}\r\nContent-Length: 100000", b"--x\r\nx: ", b"y"),
    ],
)
async def test_a_body_that_comes_drop_by_drop(
    limits: dict[str, float], reason: bytes, path: str, head: str, start: bytes, drop: bytes
) -> None:
    async def drip(raw: Raw) -> None:
        while True:
            await raw.send(drop)
            await asyncio.sleep(0.01)  # until the server waits for more
            skip(20)

    async with serving(app_with(settings(limits=limits))) as port, Raw.open(port) as raw:
        skip(0)  # from here on whoever looks at the clock sees what is skipped
        await raw.post(path, head, start)
        dripping = asyncio.create_task(drip(raw))
        status, answered, body = await raw.answer()
        dripping.cancel()
        assert (status, answered["connection"]) == (408, "close")
        assert reason in body


@http_implementations
@pytest.mark.parametrize("path", ["/tts", "/files", "/stt"])
async def test_a_client_that_stops_half_way_leaves_no_error(
    http: Http, path: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    async with serving(app_with(settings()), http) as port, Raw.open(port) as raw:
        kind = JSON if path == "/tts" else "Content-Type: multipart/form-data; boundary=x"
        await raw.post(path, f"{kind}\r\nContent-Length: 100", b"--x\r\n")
        await raw.close()
        async with patient.AsyncClient() as client:
            assert (await client.get(f"http://127.0.0.1:{port}/health")).status_code == 200
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert "error" not in capsys.readouterr().out


@http_implementations
async def test_a_connection_goes_on_after_a_whole_body(http: Http) -> None:
    async with serving(app_with(settings()), http) as port, Raw.open(port) as raw:
        for _ in range(3):
            await raw.post("/files", "Content-Length: 4", b"abcd")
            status, headers, body = await raw.answer()
            assert (status, body) == (200, b"4")
            assert "connection" not in headers


@http_implementations
async def test_whoever_expects_to_be_asked_for_the_body_is_told_at_once(http: Http) -> None:
    async with serving(app_with(settings(limits=SMALL)), http) as port, Raw.open(port) as raw:
        await raw.post("/tts", f"{JSON}\r\nContent-Length: 100000\r\nExpect: 100-continue")
        assert (await raw.answer())[0] == 413


async def test_lingering_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limit, "LINGER_SECONDS", 0.05)
    async with serving(app_with(settings(limits=SMALL))) as port, Raw.open(port) as raw:
        await raw.post("/tts", f"{JSON}\r\nContent-Length: 100000", b"x")
        assert (await raw.answer())[0] == 413
        assert await raw.closed()
