"""Nothing is left on the pages, and no socket, of whoever forgets the key or gives another one."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, WebSocket, expect

from tests.clients_js.browser import visited
from tests.keyed import Keyed

READY = "html[data-ready]"
KEPT = "[...Object.keys(sessionStorage), ...Object.keys(localStorage)].filter((key) => key.startsWith('stts.'))"
SHELVES = "indexedDB.databases().then((all) => all.map(({ name }) => name))"
LONG = "A long sentence, which somebody else need not hear. " * 40


async def give(page: Page, key: str) -> None:
    if await page.locator("dialog#key").is_hidden():
        await page.click("#open-key")
    await page.fill("dialog#key [name=key]", key)
    await page.click("dialog#key button[value=use]")


async def forget(page: Page) -> None:
    await page.click("#open-key")
    await page.click("dialog#key button[value=forget]")
    await expect(page.locator("html")).to_have_attribute("data-role", "none")


def admin_key(keyed: Keyed) -> str:
    return str(keyed.admin.headers["authorization"]).removeprefix("Bearer ")


@pytest.mark.parametrize("role", ["none", "read"])
async def test_nothing_that_a_key_could_see_stays_on_the_page_of_the_next(
    browser: Browser, keyed: Keyed, role: str
) -> None:
    async with visited(browser, f"{keyed.server.url}/app/keys") as page:
        await page.wait_for_selector("dialog#key[open]")
        await give(page, admin_key(keyed))
        await page.fill("#new-key [name=name]", "Colleague")
        await page.click("#new-key button[type=submit]")
        await expect(page.locator("#secret")).to_contain_text("stts_")
        await expect(page.locator("#audit")).to_contain_text("key.create")
        if role == "none":
            await forget(page)
            await expect(page.locator("#notice-title")).to_have_text("A key is needed")
        else:
            await give(page, keyed.key(role="read")["key"])
            await expect(page.locator("#notice-title")).to_have_text("Not allowed")
        await expect(page.locator("#secret")).to_be_empty()
        await expect(page.locator("#key-rows li, #audit tr")).to_have_count(0)
        await expect(page.locator("dialog#key [name=key]")).to_have_value("")
        await expect(page.locator("dialog#key")).to_be_hidden()
        await page.click("#notice-key")
        await give(page, admin_key(keyed))
        await expect(page.locator("#key-rows li", has_text="Colleague").first).to_be_visible()


@pytest.mark.parametrize("is_another", [True, False])
async def test_nothing_that_was_said_stays_in_the_browser(browser: Browser, keyed: Keyed, is_another: bool) -> None:
    async with visited(browser, f"{keyed.server.url}/app/speak") as page:
        sockets: list[WebSocket] = []
        page.on("websocket", lambda socket: sockets.append(socket))
        await page.wait_for_selector("dialog#key[open]")
        await give(page, keyed.key(role="write")["key"])
        await page.locator("#history-keep").check()
        await page.fill("[name=text]", "This is private.")
        await page.click("#speak button[type=submit]")
        await expect(page.locator("#history li")).to_have_count(1)
        assert await page.evaluate(SHELVES) == ["stts.said"]
        assert "stts.keep-said" in await page.evaluate(KEPT)
        before = len(sockets)
        await (give(page, keyed.key(role="write")["key"]) if is_another else forget(page))
        await expect(page.locator("#history li")).to_have_count(0)
        await expect(page.locator("#history-keep")).not_to_be_checked()
        await expect(page.locator("[name=text]")).not_to_have_value("This is private.")
        assert "private" not in await page.evaluate("JSON.stringify(sessionStorage)")
        assert "stts.keep-said" not in await page.evaluate(KEPT)
        assert await page.evaluate(SHELVES) == []
        assert all(socket.is_closed() for socket in sockets[:before])


async def test_another_key_hangs_up_what_the_first_one_is_saying(browser: Browser, keyed: Keyed) -> None:
    async with visited(browser, f"{keyed.server.url}/app/speak") as page:
        sockets: list[WebSocket] = []
        page.on("websocket", lambda socket: sockets.append(socket))
        await page.wait_for_selector("dialog#key[open]")
        await give(page, keyed.key(role="write")["key"])
        await page.wait_for_selector(READY)
        await page.fill("[name=text]", LONG)
        await page.click("#speak button[type=submit]")
        await expect(page.locator("#speak-state")).to_contain_text("espeak")
        [speaking] = [socket for socket in sockets if not socket.is_closed()]
        async with speaking.expect_event("close"):
            await give(page, keyed.key(role="write")["key"])
        await expect(page.locator("[name=text]")).not_to_have_value(LONG)
        await page.locator("#speak option", has_text="espeak").first.wait_for(state="attached")
        assert "somebody else" not in await page.evaluate("JSON.stringify(sessionStorage)")
        await expect(page.locator("#history li")).to_have_count(0)
        await expect(page.locator("#notice")).to_be_hidden()


async def test_a_page_that_has_waited_for_a_key_fills_when_it_is_given(browser: Browser, keyed: Keyed) -> None:
    async with visited(browser, f"{keyed.server.url}/app/keys") as page:
        await page.wait_for_selector("dialog#key[open]")
        await page.click("dialog#key button[value='']")
        await expect(page.locator("#notice-title")).to_have_text("A key is needed")
        await give(page, admin_key(keyed))
        await expect(page.locator("#key-rows li").first).to_be_visible()
        await expect(page.locator("#notice")).to_be_hidden()


async def test_a_key_is_not_changed_under_what_is_not_saved_without_a_question(browser: Browser, keyed: Keyed) -> None:
    async with visited(browser, f"{keyed.server.url}/app/settings") as page:
        await page.wait_for_selector("dialog#key[open]")
        await give(page, admin_key(keyed))
        await page.fill("#search", "text_characters")
        await page.locator("[data-key='limits.text_characters'] input").fill("4999")
        page.once("dialog", lambda dialog: dialog.dismiss())
        await page.click("#open-key")
        await page.click("dialog#key button[value=forget]")
        await expect(page.locator("[data-key='limits.text_characters'] input")).to_have_value("4999")
        page.once("dialog", lambda dialog: dialog.accept())
        await page.click("#open-key")
        await page.click("dialog#key button[value=forget]")
        await expect(page.locator("[data-key='limits.text_characters']")).to_have_count(0)


async def test_the_secret_of_a_key_goes_when_the_key_is_revoked(browser: Browser, keyed: Keyed) -> None:
    async with visited(browser, f"{keyed.server.url}/app/keys") as page:
        page.on("dialog", lambda dialog: dialog.accept())
        await page.wait_for_selector("dialog#key[open]")
        await give(page, admin_key(keyed))
        await page.fill("#new-key [name=name]", "Short-lived")
        await page.click("#new-key button[type=submit]")
        await expect(page.locator("#secret")).to_contain_text("stts_")
        await expect(page.locator("#made-how")).to_contain_text("Only this machine reaches the server so far")
        row = page.locator("#key-rows li", has_text="Short-lived")
        await row.get_by_role("button", name="Revoke").click()
        await expect(row.locator(".state")).to_have_text("revoked")
        await expect(page.locator("#made")).to_be_hidden()
        await expect(page.locator("#secret")).to_be_empty()


async def test_whoever_works_by_keyboard_stays_at_the_key(browser: Browser, keyed: Keyed) -> None:
    async with visited(browser, f"{keyed.server.url}/app/keys") as page:
        page.on("dialog", lambda dialog: dialog.accept())
        await page.wait_for_selector("dialog#key[open]")
        await give(page, admin_key(keyed))
        await page.fill("#new-key [name=name]", "Keyboard")
        await page.keyboard.press("Enter")
        row = page.locator("#key-rows li", has_text="Keyboard")
        await row.get_by_role("button", name="New secret").press("Enter")
        await expect(page.locator("#audit")).to_contain_text("key.rotate")
        await expect(row.get_by_role("button", name="New secret")).to_be_focused()
        await row.get_by_role("button", name="Revoke").press("Enter")
        await expect(page.locator("#keys-title")).to_be_focused()


async def test_a_mistyped_key_is_sent_once_and_no_page_is_refused_for_it(browser: Browser, keyed: Keyed) -> None:
    async with visited(browser, f"{keyed.server.url}/app/engines") as page:
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.url) if "x-api-key" in request.headers else None)
        await page.wait_for_selector("dialog#key[open]")
        await give(page, "stts_000000000000_0000")
        await expect(page.locator("#key-who")).to_contain_text("does not know")
        asked = len(sent)
        await page.keyboard.press("Escape")
        for name in ("home", "engines", "home", "engines"):
            await page.click(f"nav a[data-page={name}]")
            await expect(page.locator("main")).to_have_attribute("data-page", name)
        assert sent[asked:] == []
