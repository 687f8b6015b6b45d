"""Going from page to page: slow modules, a server that is away, a browser that keeps nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Route, expect

from tests.clients_js.browser import launched, visited
from tests.server import RunningServer

READY = "html[data-ready]"
WHEN_VOICES_ARE_THERE = """new Promise(async (resolve) => {
  await import(document.querySelector('link[href*="/home/home.js"]').href.replaceAll("home", "voices"));
  setTimeout(resolve); // whatever waited for it before has had its turn
})"""
NO_STORAGE = """for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name, {
  get() { throw new DOMException("Access is denied for this document.", "SecurityError"); } });"""


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with launched() as browser:
        yield browser


async def test_pages_work_without_storage(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/home") as page:
        await page.add_init_script(NO_STORAGE)
        await page.goto(f"{server.url}/app/speak")
        await page.wait_for_selector(READY)
        await page.click("nav a[data-page=listen]")
        await expect(page.locator("#listen")).to_be_visible()
        await page.locator("#listen option", has_text="pocketsphinx").wait_for(state="attached")
        assert await page.locator("#notice").is_hidden()


async def test_a_page_that_comes_late_does_not_come_to_life_in_the_next_one(
    browser: Browser, server: RunningServer
) -> None:
    async with visited(browser, f"{server.url}/app/home") as page:
        await page.wait_for_selector(READY)
        asked = asyncio.Event()
        released = asyncio.Event()

        async def late(route: Route) -> None:
            asked.set()
            await released.wait()
            await route.continue_()

        await page.route("**/voices/voices.js", late)
        await page.click("nav a[data-page=voices]")
        await asked.wait()
        await page.click("nav a[data-page=engines]")
        await page.locator("[data-engine=espeak]").wait_for()
        released.set()
        await page.evaluate(WHEN_VOICES_ARE_THERE)
        assert await page.locator("#notice").is_hidden()


async def test_going_back_while_the_server_is_away_keeps_the_address(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/home") as page:
        await page.wait_for_selector(READY)
        await page.click("nav a[data-page=engines]")
        await page.locator("[data-engine=espeak]").wait_for()
        await page.route("**/app/home", lambda route: route.abort())
        await page.go_back(wait_until="commit")
        await expect(page.locator("#notice")).to_contain_text("cannot be reached")
        assert page.url.endswith("/app/engines")


async def test_a_file_that_misses_its_place_does_not_replace_the_page(browser: Browser, server: RunningServer) -> None:
    """Text is let through: people drag it from field to field."""
    async with visited(browser, f"{server.url}/app/listen") as page:
        await page.wait_for_selector(READY)
        taken = await page.evaluate(
            """() => [true, false].flatMap((isFile) => ["dragover", "drop"].map((type) => {
                const dataTransfer = new DataTransfer();
                isFile ? dataTransfer.items.add(new File(["x"], "x.wav")) : dataTransfer.setData("text/plain", "x");
                const event = new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer });
                return !document.querySelector("h1").dispatchEvent(event);
            }))"""
        )
        assert taken == [True, True, False, False]
