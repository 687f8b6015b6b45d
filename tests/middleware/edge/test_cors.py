from __future__ import annotations

import httpx
import pytest

from tests.middleware.edge.apps import app_with, client, settings

PAGE = "https://app.example"
OTHER = "https://other.example"


async def ask(origins: tuple[str, ...], method: str, path: str, origin: str, **headers: str) -> httpx.Response:
    async with client(app_with(settings(allowed_origins=origins))) as http:
        return await http.request(method, path, headers={"Origin": origin, **headers})


async def preflight(origins: tuple[str, ...], path: str, origin: str) -> httpx.Response:
    wanted = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,x-stainless-os"}
    return await ask(origins, "OPTIONS", path, origin, **wanted)


async def test_an_allowed_page_may_read() -> None:
    answer = await ask((PAGE,), "GET", "/voices", PAGE)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "X-Request-ID" in answer.headers["access-control-expose-headers"]


async def test_an_allowed_page_may_read_what_is_left_of_its_limits() -> None:
    answer = await ask((PAGE,), "GET", "/voices", PAGE)
    readable = set(answer.headers["access-control-expose-headers"].lower().split(", "))
    assert {"retry-after", "ratelimit", "ratelimit-policy", "x-ratelimit-remaining-requests"} <= readable


async def test_an_allowed_page_may_read_errors_too() -> None:
    answer = await ask((PAGE,), "GET", "/broken", PAGE)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (500, PAGE)


@pytest.mark.parametrize("path", ["/tts", "/config"])
async def test_preflight_of_an_allowed_page(path: str) -> None:
    answer = await preflight((PAGE,), path, PAGE)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "authorization,x-stainless-os"


@pytest.mark.parametrize("origins", [(), (PAGE,)])
async def test_preflight_of_another_page(origins: tuple[str, ...]) -> None:
    answer = await preflight(origins, "/tts", OTHER)
    assert answer.status_code in (400, 403)
    assert "access-control-allow-origin" not in answer.headers


async def test_any_page_may_speak_where_the_operator_says_so() -> None:
    assert (await preflight(("*",), "/tts", OTHER)).headers["access-control-allow-origin"] == "*"
    assert (await ask(("*",), "GET", "/voices", OTHER)).headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", ["/config", "/files", "/analytics/summary", "/engines/tone/load", "/metrics"])
async def test_management_is_never_for_any_page(path: str) -> None:
    for answer in (await preflight(("*", PAGE), path, OTHER), await ask(("*", PAGE), "GET", path, OTHER)):
        assert answer.status_code in (400, 403)
        assert "access-control-allow-origin" not in answer.headers


async def test_management_for_a_named_page() -> None:
    assert (await ask(("*", PAGE), "GET", "/config", PAGE)).headers["access-control-allow-origin"] == PAGE


async def test_without_origins_there_are_no_headers() -> None:
    async with client(app_with(settings())) as http:
        answer = await http.get("/voices")
    assert not [name for name in answer.headers if name.startswith("access-control")]
