"""The pages for administrators, in a browser, on a server that wants keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, Locator, Page, expect

from tests.clients_js.browser import visited
from tests.keyed import Keyed

READY = "html[data-ready]"
ROLES = {
    "none": ["home", "engines"],
    "read": ["home", "engines"],
    "write": ["home", "speak", "listen", "talk", "voices", "jobs", "engines"],
    "admin": ["home", "speak", "listen", "talk", "voices", "jobs", "engines", "analytics", "settings", "keys"],
}
"""Pages in the navigation for whoever has given no key, and for keys of each role."""


async def typed(field: Locator, value: str) -> None:
    """Key by key: numbers that are filled in at once are not those that come out of the driver of every browser."""
    await field.fill("")
    await field.press_sequentially(value)


@asynccontextmanager
async def signed_in(browser: Browser, keyed: Keyed, path: str) -> AsyncIterator[Page]:
    """A page whose user has given the administrator's key when it was asked for."""
    async with visited(browser, f"{keyed.server.url}{path}") as page:
        await page.wait_for_selector("dialog#key[open]")
        await page.fill("[name=key]", keyed.admin.headers["authorization"].removeprefix("Bearer "))
        await page.click("button[value=use]")
        await page.wait_for_selector(READY)
        yield page


async def test_the_key_is_asked_for_once_and_stays_while_pages_change(browser: Browser, keyed: Keyed) -> None:
    async with signed_in(browser, keyed, "/app/engines") as page:
        await page.locator("[data-engine=espeak]").wait_for()
        await page.click("nav a[data-page=voices]")
        await page.locator("#compare option").first.wait_for(state="attached")
        await expect(page.locator("dialog#key")).to_be_hidden()
        assert await page.evaluate("localStorage.getItem('stts.key')") is None


async def test_a_wrong_key_is_asked_for_again(browser: Browser, keyed: Keyed) -> None:
    async with visited(browser, f"{keyed.server.url}/app/engines") as page:
        await page.wait_for_selector("dialog#key[open]")
        await page.fill("[name=key]", "stts_000000000000_0000")
        await page.click("button[value=use]")
        await expect(page.locator("#key-who")).to_contain_text("does not know")


async def test_roles_decide_which_pages_are_shown(browser: Browser, keyed: Keyed) -> None:
    async with visited(browser, f"{keyed.server.url}/app/engines") as page:
        for role, shown in ROLES.items():
            await page.click("#open-key") if role != "none" else await page.wait_for_selector("dialog#key[open]")
            if role == "none":
                await page.click("dialog#key button[value='']")
            else:
                await page.fill("[name=key]", keyed.key(role=role)["key"])
                await page.click("button[value=use]")
            await expect(page.locator("html")).to_have_attribute("data-role", role)
            links = page.locator("nav [data-page]:visible")
            assert await links.evaluate_all("links => links.map((link) => link.dataset.page)") == shown


async def test_a_key_that_is_not_given_is_not_asked_for_again_and_again(browser: Browser, keyed: Keyed) -> None:
    async with visited(browser, f"{keyed.server.url}/app/jobs") as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await page.wait_for_selector("dialog#key[open]")
        await page.clock.install()
        asked.clear()
        await page.clock.run_for(60_000)
        assert asked == []
        await page.click("dialog#key button[value='']")
        await expect(page.locator("#notice-text")).to_contain_text("button Key")
        asked.clear()
        await page.clock.run_for(60_000)
        assert asked == []
        await expect(page.locator("dialog#key")).to_be_hidden()


async def test_a_socket_that_wants_a_key_asks_for_it_and_goes_on(browser: Browser, keyed: Keyed) -> None:
    async with visited(browser, f"{keyed.server.url}/app/speak") as page:
        await page.wait_for_selector("dialog#key[open]")
        await page.click("dialog#key button[value='']")
        await page.click("#open-key")
        await page.fill("[name=key]", keyed.key(role="write")["key"])
        await page.click("button[value=use]")
        await page.fill("[name=text]", "Hello.")
        await page.click("#speak button[type=submit]")
        await page.get_by_role("button", name="Again").wait_for()


async def test_a_key_is_made_shown_once_and_revoked(browser: Browser, keyed: Keyed) -> None:
    async with signed_in(browser, keyed, "/app/keys") as page:
        page.on("dialog", lambda dialog: dialog.accept())
        await page.fill("#new-key [name=name]", "Colleague")
        await page.fill("[name=characters_per_day]", "5000")
        await page.click("#new-key button[type=submit]")
        await expect(page.locator("#secret")).to_contain_text("stts_")
        row = page.locator("#key-rows li", has_text="Colleague")
        await expect(row).to_contain_text("5,000")
        await row.get_by_role("button", name="Revoke").click()
        await expect(row.locator(".state")).to_have_text("revoked")
        await expect(page.locator("#user-rows")).to_contain_text("Colleague")
        await expect(page.locator("#audit")).to_contain_text("key.create")


async def test_the_keyboard_stays_at_the_keys_after_one_is_revoked(browser: Browser, keyed: Keyed) -> None:
    async with signed_in(browser, keyed, "/app/keys") as page:
        page.on("dialog", lambda dialog: dialog.accept())
        await page.fill("#new-key [name=name]", "By keyboard")
        await page.click("#new-key button[type=submit]")
        row = page.locator("#key-rows li", has_text="By keyboard")
        await row.get_by_role("button", name="Revoke").focus()
        await page.keyboard.press("Enter")
        await expect(row.locator(".state")).to_have_text("revoked")
        assert await page.evaluate("document.activeElement.closest('section')?.querySelector('#key-rows') != null")


async def test_a_form_that_is_sent_twice_at_once_does_its_work_once(browser: Browser, keyed: Keyed) -> None:
    async with signed_in(browser, keyed, "/app/keys") as page:
        await page.fill("#new-key [name=name]", "Twice")
        await page.evaluate("for (const _ of [1, 2]) document.getElementById('new-key').requestSubmit()")
        await expect(page.locator("#secret")).to_contain_text("stts_")
        await expect(page.locator("#key-rows li", has_text="Twice")).to_have_count(1)
        assert [key["name"] for key in keyed.admin.get("/admin/keys").json()].count("Twice") == 1


async def test_who_forgets_the_key_leaves_nothing_on_the_page(browser: Browser, keyed: Keyed) -> None:
    async with signed_in(browser, keyed, "/app/keys") as page:
        await page.fill("#new-key [name=name]", "Secret")
        await page.click("#new-key button[type=submit]")
        await expect(page.locator("#secret")).to_contain_text("stts_")
        await page.evaluate("sessionStorage.setItem('stts.said', '[]')")
        await page.click("#open-key")
        await page.click("dialog#key button[value=forget]")
        await expect(page.locator("html")).to_have_attribute("data-role", "none")
        await expect(page.locator("#secret")).to_be_empty()
        await expect(page.locator("#key-rows li, #audit tbody tr")).to_have_count(0)
        assert await page.evaluate("[sessionStorage.length, localStorage.getItem('stts.key')]") == [0, None]


async def test_another_key_counts_at_once_for_what_is_spoken(browser: Browser, keyed: Keyed) -> None:
    async with signed_in(browser, keyed, "/app/speak") as page:
        await page.fill("[name=text]", "Hello.")
        await page.click("#speak button[type=submit]")
        await page.get_by_role("button", name="Again").wait_for()
        await page.click("#open-key")
        await page.fill("[name=key]", keyed.key(role="read")["key"])
        await page.click("button[value=use]")
        await expect(page.locator("html")).to_have_attribute("data-role", "read")
        await expect(page.locator("#notice-text")).to_contain_text("neither speak nor listen")
        await expect(page.locator("#speak")).to_be_hidden()


async def test_a_setting_is_checked_saved_and_taken_back(browser: Browser, keyed: Keyed) -> None:
    async with signed_in(browser, keyed, "/app/settings") as page:
        await page.fill("#search", "text_characters")
        field = page.locator("[data-key='limits.text_characters'] input")
        before = await field.input_value()
        await typed(field, "-1")
        await expect(page.locator("[data-key='limits.text_characters'] .warning")).to_contain_text("greater than")
        await expect(page.locator("#save")).to_be_disabled()
        await typed(field, "5000")
        await expect(page.locator("#save")).to_be_enabled()
        await page.click("#save")
        await expect(page.locator("[data-key='limits.text_characters']")).to_contain_text("saved here")
        assert keyed.admin.get("/config").json()["settings"]["limits.text_characters"]["value"] == 5000
        await page.click("#undo")
        await expect(page.locator("[data-key='limits.text_characters'] input")).to_have_value(before)


async def test_changes_that_are_not_saved_are_not_lost_without_a_question(browser: Browser, keyed: Keyed) -> None:
    async with signed_in(browser, keyed, "/app/settings") as page:
        await page.fill("#search", "text_characters")
        await page.locator("[data-key='limits.text_characters'] input").fill("4999")
        page.once("dialog", lambda dialog: dialog.dismiss())
        await page.click("nav a[data-page=keys]")
        await expect(page.locator("[data-key='limits.text_characters'] input")).to_have_value("4999")
        page.once("dialog", lambda dialog: dialog.accept())
        await page.click("nav a[data-page=keys]")
        await expect(page.locator("#key-rows")).to_be_attached()


async def test_requests_and_their_errors_are_shown(browser: Browser, keyed: Keyed) -> None:
    keyed.admin.post("/tts", json={"text": "Hello there."}).raise_for_status()
    assert keyed.admin.post("/tts", json={"text": ""}).status_code == 422
    async with signed_in(browser, keyed, "/app/analytics") as page:
        await expect(page.locator("#by-engine")).to_contain_text("espeak")
        await expect(page.locator("#usage table")).to_be_visible()
        await expect(page.locator("#forecast")).not_to_be_empty()
        await expect(page.locator("#requests rect")).not_to_have_count(0)
        await expect(page.locator("#errors")).to_contain_text("What was sent was wrong")
        await expect(page.locator("#findings")).to_contain_text("invalid_text")
