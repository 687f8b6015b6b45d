"""The pages as they are served. What they do is tried in a browser: tests/clients_js/test_pages.py."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path
from posixpath import normpath

import httpx
import pytest
from fastapi import FastAPI

from adapters.configuration.adapter import ConfigAdapter
from routers.app import create_app
from routers.pages.site import LANGUAGES, PAGES, PLACE, WEB, Site, read_texts
from stts.settings import Settings

SVG = "http://www.w3.org/2000/svg"
"""A name, and no address that is asked."""
SCRIPTS = sorted(WEB.rglob("*.js"))


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    storage = {"root": str(tmp_path_factory.mktemp("data"))}
    return create_app(Settings.model_validate({"storage": storage, "security": {"api_key": "sesame"}}))


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/app", "/app/"])
async def test_the_root_leads_to_the_front_page(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path, follow_redirects=True)
    assert (answer.status_code, answer.url.path) == (200, "/app/home")


async def test_the_old_address_of_the_talk_page_leads_there_with_its_query(http: httpx.AsyncClient) -> None:
    answer = await http.get("/talk?raw=1", follow_redirects=True)
    assert (answer.status_code, str(answer.url.raw_path, "ascii")) == (200, "/app/talk?raw=1")


@pytest.mark.parametrize("path", ["/talk", "/app/home"])
async def test_a_link_from_anywhere_opens_a_page_and_no_frame_does(http: httpx.AsyncClient, path: str) -> None:
    site = {"Sec-Fetch-Site": "cross-site"}
    opened = await http.get(path, headers={**site, "Sec-Fetch-Dest": "document"}, follow_redirects=True)
    assert opened.status_code == 200
    assert (await http.get(path, headers={**site, "Sec-Fetch-Dest": "iframe"})).status_code == 403


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_page_opens_without_the_key_in_every_language(
    http: httpx.AsyncClient, page: str, language: str
) -> None:
    answer = await http.get(f"/app/{page}", headers={"Accept-Language": f"xx, {language}-XX;q=0.8"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert f'<html lang="{language}" dir="{LANGUAGES[language]}">' in answer.text
    assert f'href="{page}" data-page="{page}" data-needs="{PAGES[page]}" aria-current="page"' in answer.text
    assert not PLACE.search(answer.text)


async def test_a_chosen_language_counts_more_than_the_browsers(http: httpx.AsyncClient) -> None:
    headers = {"Accept-Language": "de", "Cookie": "stts-language=fa"}
    assert '<html lang="fa" dir="rtl">' in (await http.get("/app/home", headers=headers)).text
    assert '<html lang="en"' in (await http.get("/app/home", headers={"Accept-Language": "tlh, ;;,"})).text


async def test_every_file_that_a_page_names_is_served_and_kept_for_good(http: httpx.AsyncClient) -> None:
    text = (await http.get("/app/home")).text
    named = re.findall(r'(?:href|src)="(\.\./assets/[^"]+)"', text)
    assert len(named) >= 6
    for name in named:
        answer = await http.get(f"/app/{name}")
        assert answer.status_code == 200, name
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_a_page_from_before_an_upgrade_gets_todays_files_and_keeps_none(http: httpx.AsyncClient) -> None:
    answer = await http.get("/assets/0123456789abcdef/shared/shell.js")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")


async def test_files_travel_compressed_where_that_is_understood(http: httpx.AsyncClient) -> None:
    path, data = "/assets/0/shared/style.css", (WEB / "shared" / "style.css").read_bytes()
    answer = await http.get(path, headers={"Accept-Encoding": "gzip"})
    assert (answer.headers["content-encoding"], answer.content) == ("gzip", data)
    assert int(answer.headers["content-length"]) < len(data) / 2
    assert "content-encoding" not in (await http.get(path, headers={"Accept-Encoding": "identity"})).headers


async def test_nothing_is_sent_twice(http: httpx.AsyncClient) -> None:
    for path in ("/app/home", "/assets/0/shared/shell.js"):
        etag = (await http.get(path)).headers["etag"]
        assert (await http.get(path, headers={"If-None-Match": etag})).status_code == 304


@pytest.mark.parametrize(
    "path", ["app/nothing", "app/shared", "assets/0/nothing.js", "assets/0/../site.py", "assets/0/%2e%2e/site.py"]
)
async def test_nothing_else_is_served(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(f"/{path}")).status_code in (401, 404)


async def test_the_browser_is_told_to_load_from_here_only(http: httpx.AsyncClient) -> None:
    policy = (await http.get("/app/home")).headers["content-security-policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert {rules[name] for name in ("script-src", "style-src", "connect-src", "manifest-src")} == {"'self'"}
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", [*WEB.rglob("*.html"), *SCRIPTS], ids=lambda path: path.relative_to(WEB).as_posix())
def test_the_files_keep_that_rule(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace(SVG, "")
    assert not re.search(r"<style|\sstyle=|\son\w+=\"|<script(?![^>]*src=)|https?://", text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|\beval\(|new Function", text)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(WEB).as_posix())
def test_every_module_that_a_file_imports_is_served(path: Path) -> None:
    assets = Site().assets
    folder = path.parent.relative_to(WEB)
    for name in re.findall(r'from "(\.[^"]+)"', path.read_text(encoding="utf-8")):
        parts: list[str] = [*folder.parts]
        for part in name.split("/"):
            if part == "..":
                parts.pop()
            elif part != ".":
                parts.append(part)
        assert "/".join(parts) in assets, name


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_first_loads_are_small(name: str, language: str) -> None:
    """Whoever opens this page first loads its HTML, what that names, and all that its modules import."""
    site = Site()
    page = site.page(name, language)
    assert page is not None
    html = gzip.decompress(page.compressed).decode()
    wanted = re.findall(r'"\.\./assets/\w+/([^"]+)"', html)
    loaded: set[str] = set()
    while wanted:
        if (path := wanted.pop()) not in loaded:
            loaded.add(path)
            source = (WEB / path).read_text(encoding="utf-8")
            wanted += [
                normpath(f"{path}/../{other}") for other in re.findall(r'(?:from|import\()\s*"(\.[^"]+)"', source)
            ]
    assert {"shared/shell.js", f"{name}/{name}.js", f"texts/{language}.json"} <= loaded
    assert len(page.compressed) + sum(len(site.assets[path].compressed) for path in loaded) < 60_000


def test_every_language_has_every_text_and_its_places() -> None:
    english = read_texts("en")
    for language in LANGUAGES:
        texts = read_texts(language)
        assert set(texts) == set(english)
        for name, text in english.items():
            assert set(re.findall(r"\{\w+\}", texts[name])) == set(re.findall(r"\{\w+\}", text)), (language, name)


def test_every_text_that_is_named_exists() -> None:
    texts = read_texts("en")
    named = {name for path in WEB.rglob("*.html") for name in PLACE.findall(path.read_text()) if "." in name}
    for path in SCRIPTS:
        named |= set(re.findall(r'\btext\(\s*"([\w.]+)"', path.read_text()))
    assert named <= set(texts)


def test_modules_are_short() -> None:
    assert {path.name for path in SCRIPTS if path.read_text(encoding="utf-8").count("\n") > 250} == set()


def test_what_the_page_of_keys_tells_an_operator_switches_keys_on(tmp_path: Path) -> None:
    """Whatever the files say already, in whatever section, and with whatever last line."""
    page = (WEB / "keys" / "page.html").read_text(encoding="utf-8")
    [added] = re.findall(r"printf '(.*?)' &gt;&gt; \.env</pre>", page)
    config, dotenv = tmp_path / "config.yaml", tmp_path / ".env"
    config.write_text("security:\n  keys: false\n")
    dotenv.write_text("STTS_TTS__FORMAT=mp3" + added.replace("\\n", "\n"))
    settings = ConfigAdapter.load(config, {}, dotenv).current()
    assert settings.security.keys and settings.tts.format == "mp3"


def test_one_digest_stands_for_all_files() -> None:
    assert Site().digest == Site().digest
    assert re.fullmatch(r"[0-9a-f]{16}", Site().digest)
    assert gzip.decompress(Site().assets["shared/shell.js"].compressed) == Site().assets["shared/shell.js"].data
