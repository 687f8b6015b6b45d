"""The page itself. What it does is tried in a browser: tests/clients_js."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from routers.app import create_app
from routers.pages.talk_page import FOLDER, MEDIA_TYPES, TalkRoutes
from stts.settings import Settings


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    return create_app(Settings.model_validate({"storage": {"root": str(tmp_path)}, "security": {"api_key": "sesame"}}))


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        yield client


async def test_the_page_opens_without_the_key(http: httpx.AsyncClient) -> None:
    answer = await http.get("/talk")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "STTS Server" in answer.text


async def test_a_link_from_anywhere_opens_it_and_no_frame_does(http: httpx.AsyncClient) -> None:
    site = {"Sec-Fetch-Site": "cross-site"}
    assert (await http.get("/talk", headers={**site, "Sec-Fetch-Dest": "document"})).status_code == 200
    assert (await http.get("/talk", headers={**site, "Sec-Fetch-Dest": "iframe"})).status_code == 403


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.iterdir()))
async def test_every_file_is_served_as_what_it_is(http: httpx.AsyncClient, name: str) -> None:
    answer = await http.get(f"/talk/{name}")
    assert answer.content == (FOLDER / name).read_bytes()
    assert answer.headers["content-type"] == MEDIA_TYPES[Path(name).suffix]
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_nothing_is_fetched_twice(http: httpx.AsyncClient) -> None:
    etag = (await http.get("/talk/talk.js")).headers["etag"]
    assert (await http.get("/talk/talk.js", headers={"If-None-Match": etag})).status_code == 304


@pytest.mark.parametrize("name", ["nothing.js", "..%2F..%2Fcore%2Ftalk.py", "../../core/talk.py", "%2e%2e/talk.py"])
async def test_nothing_else_is_served(http: httpx.AsyncClient, name: str) -> None:
    assert (await http.get(f"/talk/{name}")).status_code in (401, 404)


async def test_the_browser_is_told_to_load_from_here_only(http: httpx.AsyncClient) -> None:
    policy = (await http.get("/talk")).headers["content-security-policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert {rules[name] for name in ("script-src", "style-src", "connect-src", "img-src")} == {"'self'"}
    assert "unsafe" not in policy


def test_the_page_keeps_that_rule() -> None:
    text = (FOLDER / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*src=)|https?://", text)
    for path in FOLDER.glob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|\beval\(|https?://\w", path.read_text()), path


def test_every_name_that_a_file_loads_exists() -> None:
    text = (FOLDER / "index.html").read_text(encoding="utf-8")
    named = re.findall(r'(?:src|href)="talk/([\w.]+)"', text)
    for path in FOLDER.glob("*.js"):
        named += re.findall(r'(?:from "\./|new URL\(")([\w.]+\.js)"', path.read_text(encoding="utf-8"))
    assert set(named) == {path.name for path in FOLDER.iterdir()} - {"index.html"}


def test_routes_know_their_files() -> None:
    assert {"/talk", "/talk/{name}"} <= {getattr(route, "path", "") for route in TalkRoutes().router.routes}
