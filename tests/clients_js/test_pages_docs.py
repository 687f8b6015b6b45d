"""The page of the API in a browser: it loads, asks and plays under its own policy."""

from __future__ import annotations

import re

from playwright.async_api import Browser, expect

from tests.clients_js.browser import visited
from tests.server import RunningServer


async def test_an_example_is_tried_and_heard(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/docs") as page:
        operation = page.locator(".opblock-get", has=page.locator("[data-path='/tts']")).first
        await operation.locator(".opblock-summary-control").click()
        await operation.get_by_role("button", name="Try it out").click()
        await operation.get_by_role("button", name="Execute", exact=True).click()
        await expect(operation.locator("audio source, audio")).not_to_have_count(0)
        audio = operation.locator("audio").first
        await expect(audio).to_have_js_property("error", None)
        await audio.evaluate(
            "(audio) => audio.readyState > 0 || new Promise((done) => (audio.onloadedmetadata = done))"
        )


async def test_an_address_without_a_page_leads_home(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/nosuch") as page:
        await page.wait_for_selector("html[data-ready]")
        await expect(page.locator("h1")).to_have_text("There is no such page")
        await expect(page.locator("#notice")).to_be_hidden()
        await page.click("main a")
        await page.locator("#say-text").wait_for()
        await expect(page).to_have_url(re.compile(r"/app/home$"))
