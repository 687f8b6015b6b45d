"""Every page for everybody: with a screen reader, on a phone, in each language; nothing from elsewhere, no error.

The pages have something to show: a voice, a book that was spoken, keys, requests that went well and one that failed.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from engines.registry import Registry
from routers.pages.site import LANGUAGES, PAGES
from tests.audio import speech
from tests.clients_js.browser import launched, patient_context
from tests.clients_js.conftest import configured
from tests.engines.speech import DATA
from tests.keyed import Keyed, keyed_server
from tests.patience import PATIENCE

pytestmark = pytest.mark.asyncio(loop_scope="module")

READY = "html[data-ready]"
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


TEXT = "It was a bright morning. The birds sang."
TITLE = "A book with a title that is as long as the titles of books are now and then, and a little longer"

Step = Callable[[Page], Awaitable[None]]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    sections = {"security": {"keys": True}, "tts": {"order": ["espeak"]}}
    config = configured(tmp_path_factory.mktemp("filled"), **sections)
    with keyed_server(config.current(), Registry(), config=config) as keyed:
        fill(keyed.admin)
        keyed.key(role="write")
        yield keyed


def fill(admin: httpx.Client) -> None:
    made = admin.post("/v1/voices", files={"file": ("anna.flac", speech("weather.flac"))}, data={"name": "Anna"})
    assert made.status_code == 201, made.text
    assert admin.post("/tts", json={"text": "Good morning."}).status_code == 200
    assert admin.post("/tts", json={"text": "Good morning.", "voice": "nobody's"}).status_code == 422
    admin.post("/engines/vosk/load")  # is not installed, which the page of engines tells
    begun = admin.post("/jobs/speech", files={"file": ("book.md", f"# {TITLE}\n\n{TEXT}\n".encode())})
    assert begun.status_code == 202, begun.text
    deadline = time.monotonic() + PATIENCE
    while admin.get(f"/jobs/{begun.json()['id']}").json()["state"] != "done":
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with launched() as browser:
        yield browser


async def speak(page: Page) -> None:
    await page.fill("#speak-text", "Good morning.")
    await page.click("#speak-button")
    await page.locator("#history li").wait_for()
    await page.click("#share")
    await page.locator("#snippets[open]").wait_for()


async def listen(page: Page) -> None:
    await page.set_input_files("[name=files]", DATA / "weather.flac")
    await page.locator(".segments li").first.wait_for()


async def job(page: Page) -> None:
    row = page.locator("#job-rows li")
    await expect(row).to_contain_text(TITLE)
    await row.get_by_role("button").first.click()
    await page.locator("#items .item").first.wait_for()


async def voice(page: Page) -> None:
    await page.locator("#library li meter").first.wait_for()


async def engine(page: Page) -> None:
    await page.locator("[data-engine=vosk]").wait_for()


async def settings(page: Page) -> None:
    await page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")


async def key(page: Page) -> None:
    await page.fill("#new-key [name=name]", "laptop")
    await page.click("#new-key button[type=submit]")
    await page.locator("#made").wait_for()


async def analytics(page: Page) -> None:
    await page.locator("#figures dd").first.wait_for()
    await page.select_option("#which [name=order]", "failed")
    await page.locator("#operations [data-cause=failed] summary").first.click()


STEPS: Mapping[str, Step] = {
    "speak": speak,
    "listen": listen,
    "jobs": job,
    "voices": voice,
    "engines": engine,
    "settings": settings,
    "keys": key,
    "analytics": analytics,
}
"""Steps on a page before it is judged, so that there is something on it."""


@pytest.mark.parametrize("page_name", PAGES)
async def test_a_page_is_for_everybody(browser: Browser, filled: Keyed, page_name: str) -> None:
    if not AXE.exists():
        pytest.skip("node packages are not installed: `make test-clients`, or npm ci in tests/clients_js")
    source = AXE.read_text(encoding="utf-8")
    found: dict[str, Any] = {}
    for language, scheme, viewport in (("en", "light", DESKTOP), ("fa", "dark", PHONE), ("de", "light", PHONE)):
        context = await patient_context(browser, viewport=viewport, locale=language, color_scheme=scheme)
        secret = filled.admin.headers["authorization"].removeprefix("Bearer ")
        await context.add_init_script(f"localStorage.setItem('stts.key', '{secret}')")
        page = await context.new_page()
        wrong: list[str] = []
        page.on("console", lambda message, to=wrong: to.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error, to=wrong: to.append(str(error)))
        page.on("request", lambda asked, to=wrong: None if _ours(asked.url, filled) else to.append(asked.url))
        await page.goto(f"{filled.server.url}/app/{page_name}")
        await page.wait_for_selector(READY)
        await expect(page.locator("html")).to_have_attribute("dir", LANGUAGES[language])
        if step := STEPS.get(page_name):
            await step(page)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
            f"{language}: scrolls sideways"
        )
        found |= {f"{language} {name}": places for name, places in (await faults(page, source)).items()}
        assert wrong == []
        await context.close()
    assert found == {}


async def faults(page: Page, axe: str) -> dict[str, Any]:
    """Faults that keep people with a screen reader or a keyboard out, with the first places of each."""
    await page.evaluate(axe)
    checked = await page.evaluate("axe.run()")
    serious = [fault for fault in checked["violations"] if fault["impact"] in SERIOUS]
    return {fault["id"]: [node["html"] for node in fault["nodes"][:3]] for fault in serious}


def _ours(url: str, keyed: Keyed) -> bool:
    return urlsplit(url).netloc == urlsplit(keyed.server.url).netloc or url.startswith(("blob:", "data:"))
