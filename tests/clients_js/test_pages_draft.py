"""Drafts of texts, on Speak and on Home, stay over Back, a reload and another language."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from tests.clients_js.browser import chromium, visited
from tests.server import RunningServer

pytestmark = pytest.mark.skipif(chromium() is None, reason="chromium is not installed")

READY = "html[data-ready]"
WORDS = "Words that stand nowhere else."
FIELDS = {"speak": "#speak-text", "home": "#say-text"}


async def shows_words(page: Page, field: str) -> None:
    await page.wait_for_selector(READY)
    await expect(page.locator(field)).to_have_value(WORDS)


@pytest.mark.parametrize("name", list(FIELDS))
async def test_a_text_stays_over_back_reload_and_language(browser: Browser, server: RunningServer, name: str) -> None:
    field = FIELDS[name]
    async with visited(browser, f"{server.url}/app/{name}") as page:
        await page.wait_for_selector(READY)
        await page.fill(field, WORDS)
        await page.click("nav a[data-page=jobs]")
        await expect(page.locator("main")).to_have_attribute("data-page", "jobs")
        await page.go_back()
        await shows_words(page, field)
        await page.reload()
        await shows_words(page, field)
        await page.select_option("#preferences [name=language]", "de")
        await expect(page.locator("html")).to_have_attribute("lang", "de")
        await expect(page.locator("nav a[data-page=settings]")).to_have_text("Einstellungen")
        await shows_words(page, field)
        await page.fill(field, "")
        await page.reload()
        await expect(page.locator(field)).not_to_have_value("")


async def test_another_tab_begins_with_the_example(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/speak") as page:
        await page.wait_for_selector(READY)
        example = await page.input_value("#speak-text")
        await page.fill("#speak-text", WORDS)
        other = await page.context.new_page()
        await other.goto(page.url)
        await other.wait_for_selector(READY)
        await expect(other.locator("#speak-text")).to_have_value(example)
