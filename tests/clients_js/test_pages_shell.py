"""Going from page to page: slow modules, a server that is away, a browser that keeps nothing."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Browser, Route, expect

from tests.clients_js.browser import visited
from tests.server import RunningServer

READY = "html[data-ready]"
WHEN_VOICES_ARE_THERE = """new Promise(async (resolve) => {
  await import(document.querySelector('link[href*="/home/home.js"]').href.replaceAll("home", "voices"));
  setTimeout(resolve); // whatever waited for it before has had its turn
})"""
NO_STORAGE = """for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name, {
  get() { throw new DOMException("Access is denied for this document.", "SecurityError"); } });"""


async def test_pages_work_without_storage(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/home") as page:
        await page.add_init_script(NO_STORAGE)
        await page.goto(f"{server.url}/app/speak")
        await page.wait_for_selector(READY)
        await page.click("nav a[data-page=listen]")
        await expect(page.locator("#listen")).to_be_visible()
        await page.locator("#listen option", has_text="pocketsphinx").wait_for(state="attached")
        await expect(page.locator("#notice")).to_be_hidden()


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
        await expect(page.locator("#notice")).to_be_hidden()


AT_ONCE = """new MutationObserver((_, observer) => {
  const field = document.querySelector("#speak-text");
  if (!field) return;
  observer.disconnect();
  field.value = "Written at once.";
  field.dispatchEvent(new Event("input", { bubbles: true }));
  document.querySelector("#speak-button").click();
}).observe(document.querySelector("main"), { childList: true })"""
"""Writes and presses as soon as Speak is in the document."""


async def test_a_page_that_appears_hears_whoever_is_faster_than_its_draft(
    browser: Browser, server: RunningServer
) -> None:
    async with visited(browser, f"{server.url}/app/speak") as page:
        await page.wait_for_selector(READY)
        await page.fill("#speak-text", "Written before.")
        await page.click("nav a[data-page=home]")
        await page.locator("#say-text").wait_for()
        await page.evaluate(AT_ONCE)
        await page.click("nav a[data-page=speak]")
        await page.locator("#history li", has_text="Written at once.").wait_for()
        await expect(page).to_have_url(re.compile(r"/app/speak$"))
        await expect(page.locator("#speak-text")).to_have_value("Written at once.")


async def test_going_back_while_the_server_is_away_keeps_the_address(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/home") as page:
        await page.wait_for_selector(READY)
        await page.click("nav a[data-page=engines]")
        await page.locator("[data-engine=espeak]").wait_for()
        await page.route("**/app/home", lambda route: route.abort())
        await page.go_back(wait_until="commit")
        await expect(page.locator("#notice")).to_contain_text("cannot be reached")
        await expect(page).to_have_url(re.compile(r"/app/engines$"))


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


async def test_what_told_that_the_server_is_away_goes_when_it_is_back(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/home") as page:
        await page.wait_for_selector(READY)
        for path in ("**/engines", "**/app/jobs", "**/ready"):
            await page.route(path, lambda route: route.abort())
        await expect(page.locator("#notice")).to_contain_text("cannot be reached")
        await page.click("nav a[data-page=jobs]")
        await expect(page.locator("#notice")).to_contain_text("cannot be reached")
        await expect(page.locator("main")).not_to_have_attribute("aria-busy", "true")
        await page.unroute("**/engines")
        await expect(page.locator("#notice")).to_be_hidden()


async def test_a_notice_has_the_width_of_a_phone(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/home") as page:
        await page.set_viewport_size({"width": 320, "height": 640})
        await page.wait_for_selector(READY)
        refusal = {"code": "engine_weights_missing", "detail": "The model is not on this disk.", "request_id": "1"}
        await page.route("**/engines", lambda route: route.fulfill(status=503, json=refusal))
        await expect(page.locator("#notice-title")).to_have_text("A model is missing")
        await expect(page.locator("#notice-page")).to_have_text("Engines")
        assert await page.evaluate("document.querySelector('#notice > p').getBoundingClientRect().width") > 180
        await page.unroute("**/engines")
        await page.click("#notice-page")
        await expect(page.locator("main")).to_have_attribute("data-page", "engines")


@pytest.mark.parametrize("is_stopping", [True, False])
async def test_a_notice_of_what_passes_goes_when_the_server_is_ready_again(
    browser: Browser, server: RunningServer, is_stopping: bool
) -> None:
    """On a page that asks the server for nothing by itself."""
    stopping = {"code": "shutting_down", "detail": "The server is stopping.", "request_id": "1"}
    async with visited(browser, f"{server.url}/app/speak") as page:
        await page.wait_for_selector(READY)

        async def away(route: Route) -> None:
            await (route.fulfill(status=503, json=stopping) if is_stopping else route.abort())

        await page.route("**/app/home", away)
        await page.route("**/ready", lambda route: route.fulfill(status=503, json={"status": "draining"}))
        await page.click("nav a[data-page=home]")
        title = "The server is stopping" if is_stopping else "cannot be reached"
        await expect(page.locator("#notice-title")).to_contain_text(title)
        async with page.expect_response("**/ready"):
            pass
        await expect(page.locator("#notice")).to_be_visible()
        await page.unroute("**/ready")
        await expect(page.locator("#notice")).to_be_hidden()
