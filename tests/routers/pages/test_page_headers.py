"""Headers of whatever a browser shows, and pages of addresses that have none."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from routers.app import create_app
from routers.pages.page_headers import document_policy
from routers.pages.site import LANGUAGES, PAGES
from stts.settings import Settings

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    return create_app(Settings.model_validate({"storage": {"root": str(tmp_path_factory.mktemp("data"))}}))


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", headers=BROWSER) as client:
        yield client


def rules_of(answer: httpx.Response) -> dict[str, str]:
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    return dict(rule.split(" ", 1) for rule in answer.headers["content-security-policy"].split("; "))


@pytest.mark.parametrize("path", [*(f"/app/{page}" for page in PAGES), "/app/nosuch", "/docs", "/docs/oauth2-redirect"])
async def test_no_other_site_frames_a_page_or_is_loaded_from(http: httpx.AsyncClient, path: str) -> None:
    rules = rules_of(await http.get(path))
    assert {rules[name] for name in ("default-src", "frame-ancestors", "base-uri", "form-action")} == {"'none'"}
    assert rules["connect-src"] == "'self'"
    assert rules["script-src"].startswith("'self'") and "unsafe" not in rules["script-src"]
    assert not re.search(r"https?:|\*", answer_policy(rules))


def answer_policy(rules: dict[str, str]) -> str:
    return " ".join(rules.values())


async def test_the_script_in_the_documents_page_runs_by_its_digest(http: httpx.AsyncClient) -> None:
    answer = await http.get("/docs")
    [script] = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert rules_of(answer)["script-src"] == f"'self' 'sha256-{digest}'"


def test_a_page_without_such_a_script_lets_none_run() -> None:
    assert "script-src 'self';" in document_policy(b"<script src=x></script>")


@pytest.mark.parametrize("path", ["/openapi.json", "/static-offline-docs/swagger-ui.css"])
async def test_files_of_the_document_are_not_taken_for_others(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert (answer.status_code, answer.headers["x-content-type-options"]) == (200, "nosniff")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_people_are_led_home_from_an_address_without_a_page(http: httpx.AsyncClient, language: str) -> None:
    answer = await http.get("/app/nosuch", headers={"Accept-Language": language})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert f'<html lang="{language}"' in answer.text
    assert 'class="primary" href="home"' in answer.text
    assert 'aria-current="page"' not in answer.text


@pytest.mark.parametrize("path", ["/app/nosuch", "/app/missing", "/app/home/", "/app/home/below"])
@pytest.mark.parametrize("accept", ["*/*", "application/json"])
async def test_programs_are_told_so_in_json(http: httpx.AsyncClient, path: str, accept: str) -> None:
    answer = await http.get(path, headers={"Accept": accept})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.json()["allowed"] == list(PAGES)


@pytest.mark.parametrize(("path", "page"), [("/app/home/", "/app/home"), ("/app/speak/a/b", "/app/speak")])
async def test_an_address_below_a_page_leads_to_it(http: httpx.AsyncClient, path: str, page: str) -> None:
    answer = await http.get(path, follow_redirects=True)
    assert (answer.status_code, answer.url.path) == (200, page)
