"""Every page for everybody: with a screen reader, on a phone, in each language; nothing from elsewhere, no error."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page

from routers.pages.site import LANGUAGES, PAGES
from tests.clients_js.browser import launched
from tests.server import RunningServer

READY = "html[data-ready]"
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with launched() as browser:
        yield browser


@pytest.mark.parametrize("page_name", PAGES)
async def test_a_page_is_for_everybody(browser: Browser, server: RunningServer, page_name: str) -> None:
    if not AXE.exists():
        pytest.skip("node packages are not installed: `make test-clients`, or npm ci in tests/clients_js")
    source = AXE.read_text(encoding="utf-8")
    found: dict[str, Any] = {}
    for language, scheme, viewport in (("en", "light", DESKTOP), ("fa", "dark", PHONE), ("de", "light", PHONE)):
        context = await browser.new_context(viewport=viewport, locale=language, color_scheme=scheme)
        page = await context.new_page()
        wrong: list[str] = []
        page.on("console", lambda message, to=wrong: to.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error, to=wrong: to.append(str(error)))
        page.on("request", lambda asked, to=wrong: None if _ours(asked.url, server) else to.append(asked.url))
        await page.goto(f"{server.url}/app/{page_name}")
        await page.wait_for_selector(READY)
        assert await page.get_attribute("html", "dir") == LANGUAGES[language]
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


def _ours(url: str, server: RunningServer) -> bool:
    return urlsplit(url).netloc == urlsplit(server.url).netloc or url.startswith(("blob:", "data:"))
