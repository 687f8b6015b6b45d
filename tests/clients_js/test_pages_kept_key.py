"""The key among the tabs of a browser, in another language, and on pages that it is not for."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from tests.clients_js.browser import visited
from tests.keyed import Keyed


async def give(page: Page, key: str, *, keep: bool) -> None:
    await page.wait_for_selector("dialog#key[open]")
    await page.fill("dialog#key [name=key]", key)
    await page.locator("dialog#key [name=keep]").set_checked(keep)
    await page.click("dialog#key button[value=use]")


def admin_key(keyed: Keyed) -> str:
    return str(keyed.admin.headers["authorization"]).removeprefix("Bearer ")


async def test_a_key_that_is_forgotten_in_one_tab_ends_in_all_that_live_on_it(browser: Browser, keyed: Keyed) -> None:
    address = f"{keyed.server.url}/app/keys"
    async with visited(browser, address) as first:
        await give(first, admin_key(keyed), keep=True)
        await expect(first.locator("#key-rows li").first).to_be_visible()
        own, other = await first.context.new_page(), await first.context.new_page()
        await own.goto(address)
        await expect(own.locator("#key-rows li").first).to_be_visible()
        await own.click("#open-key")
        await give(own, keyed.key(role="admin")["key"], keep=False)
        await expect(first.locator("html")).to_have_attribute("data-role", "none")  # it lived on what was replaced
        await give(first, admin_key(keyed), keep=True)
        await other.goto(address)
        await expect(other.locator("#key-rows li").first).to_be_visible()
        await other.click("#open-key")
        await other.click("dialog#key button[value=forget]")
        await expect(first.locator("html")).to_have_attribute("data-role", "none")
        await expect(first.locator("#key-rows li")).to_have_count(0)
        await expect(own.locator("html")).to_have_attribute("data-role", "admin")
        await expect(own.locator("#key-rows li").first).to_be_visible()


async def test_another_key_that_is_remembered_counts_in_all_tabs(browser: Browser, keyed: Keyed) -> None:
    async with visited(browser, f"{keyed.server.url}/app/keys") as first:
        await give(first, admin_key(keyed), keep=True)
        await expect(first.locator("#key-rows li").first).to_be_visible()
        other = await first.context.new_page()
        await other.goto(f"{keyed.server.url}/app/home")
        await expect(other.locator("html")).to_have_attribute("data-role", "admin")
        await other.click("#open-key")
        await give(other, keyed.key(role="write")["key"], keep=True)
        await expect(first.locator("html")).to_have_attribute("data-role", "write")
        await expect(first.locator("#notice-title")).to_have_text("Not allowed")
        await expect(first.locator("#key-rows li")).to_have_count(0)


async def test_a_key_that_is_remembered_reaches_the_tab_that_asks_for_one(browser: Browser, keyed: Keyed) -> None:
    async with visited(browser, f"{keyed.server.url}/app/keys") as first:
        await first.wait_for_selector("dialog#key[open]")
        other = await first.context.new_page()
        await other.goto(f"{keyed.server.url}/app/home")
        await give(other, admin_key(keyed), keep=True)
        await expect(first.locator("#key-rows li").first).to_be_visible()
        await expect(first.locator("dialog#key")).to_be_hidden()


async def test_another_language_loses_no_key_and_loads_no_document(browser: Browser, keyed: Keyed) -> None:
    async with visited(browser, f"{keyed.server.url}/app/keys") as page:
        await give(page, admin_key(keyed), keep=False)
        await expect(page.locator("#key-rows li").first).to_be_visible()
        await page.evaluate("window.mark = 1")
        await page.select_option("#preferences [name=theme]", "dark")
        await page.focus("#preferences [name=language]")
        await page.select_option("#preferences [name=language]", "fa")
        await page.wait_for_selector("html[lang=fa][dir=rtl][data-theme=dark]")
        await expect(page.locator("#key-rows li").first).to_be_visible()
        await expect(page.locator("nav a[data-page=settings]")).to_have_text("تنظیمات")
        await expect(page.locator("#open-key")).not_to_have_text("Key")
        await expect(page.locator("h1")).not_to_have_text("Keys")
        await expect(page.locator("#preferences [name=language]")).to_be_focused()
        assert await page.evaluate("window.mark") == 1
        assert "stts_" not in await page.evaluate("JSON.stringify([localStorage, sessionStorage])")
        await page.select_option("#preferences [name=language]", "en")
        await expect(page.locator("h1")).to_have_text("Keys")
        await expect(page.locator("#key-rows li", has_text="everything").first).to_be_visible()


async def test_what_is_not_saved_is_not_lost_to_another_language_without_a_question(
    browser: Browser, keyed: Keyed
) -> None:
    async with visited(browser, f"{keyed.server.url}/app/settings") as page:
        await give(page, admin_key(keyed), keep=False)
        await page.fill("#search", "text_characters")
        await page.locator("[data-key='limits.text_characters'] input").fill("4999")
        page.once("dialog", lambda dialog: dialog.dismiss())
        await page.select_option("#preferences [name=language]", "de")
        await expect(page.locator("[data-key='limits.text_characters'] input")).to_have_value("4999")
        await expect(page.locator("#preferences [name=language]")).to_have_value("en")


@pytest.mark.parametrize(("name", "role"), [("keys", "write"), ("settings", "read"), ("speak", "read")])
async def test_a_page_that_a_role_may_not_use_shows_no_form(
    browser: Browser, keyed: Keyed, name: str, role: str
) -> None:
    async with visited(browser, f"{keyed.server.url}/app/{name}") as page:
        await give(page, keyed.key(role=role)["key"], keep=False)
        await expect(page.locator("#notice-title")).to_have_text("Not allowed")
        await expect(page.locator("main h1")).to_be_visible()
        await expect(page.locator("main > :not(h1):visible")).to_have_count(0)
        await page.click("nav a[data-page=home]")
        await expect(page.locator("main > :not(h1):visible").first).to_be_visible()
        await expect(page.locator("#notice")).to_be_hidden()
