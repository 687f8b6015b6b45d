from __future__ import annotations

import base64

import pytest
from starlette.types import Message
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from middleware.edge.route_table import RouteTable
from routers.dialects import MANAGEMENT, NATIVE, OPENAI
from stts.access.policy import RouteKind
from stts.settings import Settings
from tests import patient
from tests.middleware.edge.apps import app_with, client, settings
from tests.serving import serving

OPEN = settings()
KEYED = settings(api_key="sesame")
EVIL = {"Origin": "https://evil.example"}


async def status(current: Settings, path: str, method: str = "GET", **headers: str) -> int:
    async with client(app_with(current)) as http:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return (await http.request(method, path, headers=names)).status_code


@pytest.mark.parametrize("path", ["/voices", "/ready", "/v1/audio/voices", "/config", "/docs", "/nowhere"])
async def test_a_foreign_host_is_refused(path: str) -> None:
    assert await status(OPEN, path, host="evil.example") == 403


async def test_a_foreign_origin_is_refused() -> None:
    async with client(app_with(OPEN)) as http:
        answer = await http.get("/voices", headers=EVIL)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert "evil" not in answer.text


async def test_pages_of_the_server_itself_may() -> None:
    assert await status(OPEN, "/voices", origin="http://127.0.0.1:8000") == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "Cross-Site"])
@pytest.mark.parametrize("path", ["/voices", "/ready?probe=true", "/config", "/openapi.json", "/nowhere"])
@pytest.mark.parametrize("dest", ["audio", "image", "document", "iframe"])
async def test_a_foreign_page_that_does_not_name_itself_is_refused(site: str, path: str, dest: str) -> None:
    assert await status(OPEN, path, sec_fetch_site=site, sec_fetch_dest=dest) == 403
    assert await status(KEYED, path, sec_fetch_site=site, sec_fetch_dest=dest, x_api_key="sesame") == 403


@pytest.mark.parametrize("site", ["same-origin", "none", ""])
async def test_the_own_page_and_the_address_bar_are_not_foreign(site: str) -> None:
    assert await status(OPEN, "/voices", sec_fetch_site=site, sec_fetch_dest="audio") == 200


@pytest.mark.parametrize(
    ("method", "dest", "expected"), [("GET", "document", 200), ("GET", "iframe", 403), ("POST", "document", 403)]
)
async def test_links_to_the_docs_page_may_be_followed(method: str, dest: str, expected: int) -> None:
    assert await status(OPEN, "/docs", method, sec_fetch_site="cross-site", sec_fetch_dest=dest) == expected


@pytest.mark.parametrize(
    ("allowed", "path", "origin", "expected"),
    [
        ("https://app.example", "/voices", "https://app.example", 200),
        ("https://app.example", "/voices", None, 403),
        ("*", "/voices", None, 200),
        ("*", "/config", None, 403),
    ],
)
async def test_foreign_pages_that_are_allowed(allowed: str, path: str, origin: str | None, expected: int) -> None:
    headers = {"sec_fetch_site": "cross-site", **({"origin": origin} if origin else {})}
    assert await status(settings(allowed_origins=(allowed,)), path, **headers) == expected


PLAYER = {"sec_fetch_site": "cross-site", "sec_fetch_dest": "audio"}
"""Headers of a browser for `<audio src>`: no Origin."""


@pytest.mark.parametrize(
    ("referer", "path", "method", "expected"),
    [
        ("https://app.example/", "/voices", "GET", 200),
        ("https://app.example/a/b?c=d", "/voices", "GET", 200),
        ("https://APP.example", "/voices", "GET", 200),
        ("https://evil.example/https://app.example/", "/voices", "GET", 403),
        ("https://app.example.evil.example/", "/voices", "GET", 403),
        ("https://app.example@evil.example/", "/voices", "GET", 403),
        ("http://app.example/", "/voices", "GET", 403),
        ("", "/voices", "GET", 403),
        ("app.example", "/voices", "GET", 403),
        ("https://app.example/", "/stt", "POST", 403),
    ],
)
async def test_a_player_is_known_by_its_referer(referer: str, path: str, method: str, expected: int) -> None:
    allowing = settings(allowed_origins=("https://app.example",))
    assert await status(allowing, path, method, **PLAYER, referer=referer) == expected


async def test_a_player_that_says_nothing_of_its_page_is_told_how() -> None:
    async with client(app_with(settings(allowed_origins=("https://app.example",)))) as http:
        answer = await http.get("/voices", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "audio"})
    assert answer.status_code == 403 and "crossorigin" in answer.json()["detail"]


@pytest.mark.parametrize("origin", ["app://obsidian.md", "capacitor://localhost", "tauri://localhost"])
async def test_programs_with_a_scheme_of_their_own_may_be_allowed(origin: str) -> None:
    assert await status(settings(allowed_origins=(origin,)), "/voices", origin=origin) == 200
    assert await status(settings(allowed_origins=(origin,)), "/voices", origin="app://other") == 403


async def test_health_answers_whoever_asks() -> None:
    foreign = {"host": "10.0.0.7", "origin": "https://evil.example", "sec_fetch_site": "cross-site"}
    assert await status(KEYED, "/health", **foreign) == 200


async def test_without_a_configured_key_everybody_is_anonymous() -> None:
    async with client(app_with(OPEN)) as http:
        answer = await http.get("/voices", headers={"Authorization": "Bearer whatever"})
    assert answer.json()["principal"] == "anonymous"
    assert answer.json()["principal"] == "anonymous"


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": "Bearer sesame"}, {"authorization": "bearer  sesame"}, {"X-API-Key": "sesame"}],
)
async def test_the_key_opens(headers: dict[str, str]) -> None:
    async with client(app_with(KEYED)) as http:
        answer = await http.get("/voices", headers=headers)
    assert answer.json()["principal"] == "api_key"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer open"},
        {"Authorization": "sesame"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic " + base64.b64encode(b"key:sesame").decode()},
        {"X-API-Key": "sesamE"},
        {"X-API-Key": "sesame2"},
        {"X-API-Key": ""},
    ],
)
async def test_nothing_else_opens(headers: dict[str, str]) -> None:
    async with client(app_with(KEYED)) as http:
        answer = await http.get("/voices", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_key_in_the_address_is_for_sockets_only() -> None:
    assert await status(KEYED, "/voices?api_key=sesame") == 401


async def test_a_key_that_is_not_ascii() -> None:
    current = settings(api_key="schlüssel")
    async with client(app_with(current)) as http:
        answer = await http.get("/voices", headers={b"X-API-Key": "schlüssel".encode()})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/health", 200),
        ("/ready", 200),
        ("/ready?probe=true", 401),
        ("/v1/audio/voices", 200),
        ("/v1/audio/models", 200),
        ("/v1/models", 401),
        ("/openapi.json", 200),
        ("/docs", 200),
        ("/talk", 200),
        ("/talk/page.js", 200),
        ("/talking", 401),
        ("/config", 401),
        ("/nowhere", 401),
        ("/health/", 401),
    ],
)
async def test_what_is_open_without_the_key(path: str, expected: int) -> None:
    assert await status(KEYED, path) == expected


async def test_open_lists_can_be_read_but_not_written() -> None:
    assert await status(KEYED, "/v1/audio/voices", "POST") == 401


async def test_lists_are_closed_where_the_operator_says_so() -> None:
    assert await status(settings(api_key="sesame", public_lists=False), "/v1/audio/voices") == 401


async def test_openai_clients_get_their_own_shape() -> None:
    async with client(app_with(KEYED)) as http:
        answer = await http.get("/v1/models")
    assert answer.json()["error"]["type"] == "authentication_error"


async def test_below_the_prefix_of_a_proxy() -> None:
    app = app_with(KEYED)
    app.root_path = "/speech"
    async with client(app) as http:
        assert (await http.get("/speech/health")).status_code == 200
        assert (await http.get("/speech/voices")).status_code == 401


@pytest.mark.parametrize(
    ("path", "management"),
    [
        ("/config", True),
        ("/config/schema", True),
        ("/files/x", True),
        ("/metrics", True),
        ("/configured", False),
        ("/tts", False),
    ],
)
def test_management_is_below_its_paths_even_where_no_route_is(path: str, management: bool) -> None:
    table = RouteTable({NATIVE: [], OPENAI: [], MANAGEMENT: []})
    assert (table.match("http", "GET", path).policy.kind is RouteKind.MANAGE) == management


@pytest.mark.socket
@pytest.mark.parametrize("ws", ["/ws?api_key=sesame", "/ws?x=1&api_key=ses%61me"])
async def test_sockets_take_the_key_from_the_address_where_that_is_allowed(ws: str) -> None:
    allowed = settings(api_key="sesame", query_keys=True)
    async with serving(app_with(allowed)) as port, patient.connect(f"ws://127.0.0.1:{port}{ws}") as socket:
        await socket.send("in")
        assert await socket.recv() == "in"
    async with serving(app_with(KEYED)) as port:
        with pytest.raises(InvalidStatus):
            await patient.connect(f"ws://127.0.0.1:{port}{ws}")


@pytest.mark.socket
@pytest.mark.parametrize(
    ("key", "protocol"),
    [
        ("sesame", "openai-insecure-api-key.sesame"),
        ("sesame", "stts-api-key-base64url.c2VzYW1l"),
        ("open sésame/=", "stts-api-key-base64url.b3BlbiBzw6lzYW1lLz0"),
    ],
)
async def test_sockets_take_the_key_from_a_subprotocol(key: str, protocol: str) -> None:
    offered = [Subprotocol("realtime"), Subprotocol(protocol)]
    async with (
        serving(app_with(settings(api_key=key))) as port,
        patient.connect(f"ws://127.0.0.1:{port}/v1/realtime", subprotocols=offered) as socket,
    ):
        assert socket.subprotocol == "realtime"
        await socket.send("in")


@pytest.mark.socket
async def test_sockets_take_the_key_from_headers() -> None:
    headers = {"Authorization": "Bearer sesame"}
    async with (
        serving(app_with(KEYED)) as port,
        patient.connect(f"ws://127.0.0.1:{port}/ws", additional_headers=headers) as socket,
    ):
        await socket.send("in")


@pytest.mark.socket
@pytest.mark.parametrize(
    ("path", "headers", "expected"),
    [
        ("/ws", {}, 401),
        ("/ws?api_key=open", {}, 401),
        ("/health", {}, 401),
        ("/ws?api_key=sesame", EVIL, 403),
        ("/v1/realtime", {}, 401),
    ],
)
async def test_sockets_are_refused_before_they_are_accepted(path: str, headers: dict[str, str], expected: int) -> None:
    async with serving(app_with(KEYED)) as port:
        with pytest.raises(InvalidStatus) as refused:
            await patient.connect(f"ws://127.0.0.1:{port}{path}", additional_headers=headers)
    assert refused.value.response.status_code == expected
    assert b"sesame" not in (refused.value.response.body or b"")


async def test_a_server_that_cannot_refuse_with_a_status_closes() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "websocket",
        "path": "/ws",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "subprotocols": [],
    }
    await app_with(KEYED)(scope, receive, send)
    assert [(message["type"], message["code"]) for message in sent] == [("websocket.close", 1008)]


@pytest.mark.parametrize("hosts", [[], [b"localhost", b"localhost"]])
async def test_one_host_header_there_must_be(hosts: list[bytes]) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"host", host) for host in hosts]
    scope = {"type": "http", "method": "GET", "path": "/voices", "query_string": b"", "headers": headers}
    await app_with(OPEN)(scope, receive, send)
    assert sent[0]["status"] == 403
