"""Voices of one's own in a browser: cloned from a recording, blended, compared, and heard on Speak."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.clients_js.browser import launched, visited
from tests.clients_js.conftest import Microphone, configured
from tests.engines.speech import DATA
from tests.fakes import registry
from tests.server import RunningServer, running

RECORDING = "weather.flac"
READY = "html[data-ready]"
SLOW_MICROPHONE = """() => {
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
window.streams = [];
navigator.mediaDevices.getUserMedia = async (wanted) => {
  await new Promise((resolve) => (window.allow = resolve));
  const stream = await ask(wanted);
  window.streams.push(stream);
  return stream;
};
}"""
"""Somebody thinks it over, when a page asks for the microphone."""
LIVE = "() => window.streams.flatMap((each) => each.getTracks()).some((each) => each.readyState === 'live')"


@pytest.fixture(scope="module")
def able(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with engines that clone and blend."""
    sections = {"tts": {"order": ["tone", "cloner", "blender"]}, "stt": {"order": ["echo"]}}
    config = configured(tmp_path_factory.mktemp("able"), **sections)
    engines = registry(cloner="tests.fakes:ClonerEngine", blender="tests.fakes:BlenderEngine")
    with running(config.current(), registry=engines, config=config) as server:
        yield server


@pytest.fixture
async def browser(microphone: Microphone) -> AsyncIterator[Browser]:
    async with launched(microphone=microphone(RECORDING)) as browser:
        yield browser


async def made(page: Page, name: str) -> None:
    """Keeps what was recorded or chosen, with the consent of whoever speaks."""
    await page.fill("#new-voice [name=name]", name)
    await page.fill("[name=consent]", "The speaker, in writing")
    await page.check("[name=agreed]")
    await page.click("#new-voice button[type=submit]")
    await page.locator("#library li", has_text=name).locator("meter").first.wait_for()


async def said_with(page: Page, voice: str, engine: str) -> None:
    """Speaks on Speak with this voice until it was all heard."""
    await page.click("nav a[data-page=speak]")
    await page.wait_for_selector("#speak")
    await page.locator("[name=voice] option", has_text=voice).wait_for(state="attached")
    await page.select_option("[name=voice]", label=voice)
    await page.click("#speak-button")
    said = page.locator("#history li").first
    await expect(said).to_contain_text(engine)


async def test_a_voice_is_recorded_cloned_and_speaks(browser: Browser, able: RunningServer) -> None:
    async with visited(browser, f"{able.url}/app/voices") as page:
        await page.wait_for_selector(READY)
        await expect(page.locator("#cloning")).to_contain_text("cloner")
        await page.click("#record")
        await page.wait_for_function("() => document.querySelector('#record-level').value > 0.02")
        await expect(page.locator("#record-time")).to_have_text(re.compile("0:0[4-9]|0:[1-5]."))
        await page.click("#record")
        await page.locator("#take").wait_for()
        await made(page, "Recorded here")
        await expect(page.locator("#record-time")).to_have_text("")
        row = page.locator("#library li", has_text="Recorded here")
        await row.get_by_role("button", name="Hear").click()
        await expect(row).to_contain_text("This is speech with this voice.")
        await row.get_by_role("link", name="Speak with it").click()
        await page.wait_for_selector("#speak")
        await expect(page.locator("[name=voice]")).to_have_value("Recorded here")
        await said_with(page, "Recorded here", "cloner")


async def test_voices_are_blended_heard_kept_and_compared(browser: Browser, able: RunningServer) -> None:
    async with visited(browser, f"{able.url}/app/voices") as page:
        await page.wait_for_selector(READY)
        await page.locator("#blend-fields").wait_for()
        await page.select_option("#blend [name=one]", "low")
        await page.select_option("#blend [name=other]", "high")
        await page.fill("#blend [name=share]", "30")
        await expect(page.locator("#share-other")).to_have_text("30%")
        async with page.expect_response("**/tts") as heard:
            await page.click("#blend button[type=submit]")
        assert (await heard.value).headers["x-voice"] == "low(0.7)+high(0.3)"
        await page.fill("#blend [name=name]", "Between")
        await page.click("#blend-keep")
        await page.locator("#library li", has_text="Between").wait_for()
        await page.select_option("#compare [name=one]", "blender/low")
        await page.locator("#compare [name=other] option", has_text="Between").first.wait_for(state="attached")
        await page.select_option("#compare [name=other]", label="Between (blender)")
        await page.click("#compare button[type=submit]")
        await page.click("[data-play='1']")
        await page.click("[data-vote='0']")
        await expect(page.locator("#verdict")).to_contain_text(re.compile("You chose (Between|.*low)", re.IGNORECASE))
        await said_with(page, "Between", "blender")


async def test_without_an_engine_that_clones_the_page_says_what_is_needed_and_brings_it(
    browser: Browser, server: RunningServer
) -> None:
    plan = {"environment": "pocket", "state": "absent", "download_bytes": 272_684_048, "packages": []}
    async with visited(browser, f"{server.url}/app/voices") as page:
        await page.route("**/engines/pocket/install", lambda route: route.fulfill(json=plan))
        await page.wait_for_selector(READY)
        await expect(page.locator("#cloning")).to_contain_text("No engine here speaks with a recording")
        needed = page.locator("#cloners [data-engine=pocket]")
        await expect(needed).to_contain_text("About 3.3 GB are fetched, its weights among them.")
        await needed.get_by_role("button", name="Install … pocket").click()
        await expect(needed).to_contain_text("Packages of up to 272.7 MB are fetched now.")
        await expect(needed.get_by_role("button", name="Install it: pocket")).to_be_enabled()
        await page.set_input_files("[name=file]", DATA / RECORDING)
        await made(page, "Unspoken")
        row = page.locator("#library li", has_text="Unspoken")
        await expect(row.locator(".warning").first).to_have_text(
            "Nothing here speaks with it yet: the engines above can."
        )
        await row.get_by_role("button", name="Hear").click()
        await expect(row).to_contain_text("This is the recording itself")


@pytest.mark.parametrize("leaves", [True, False])
async def test_a_microphone_is_given_back_whenever_somebody_leaves(
    browser: Browser, able: RunningServer, leaves: bool
) -> None:
    """`leaves`: while the browser asks, else while it records."""
    async with visited(browser, f"{able.url}/app/voices") as page:
        await page.wait_for_selector(READY)
        await page.evaluate(SLOW_MICROPHONE)
        await page.click("#record")
        await expect(page.locator("#record")).to_be_disabled()
        if leaves:
            await page.click("nav a[data-page=engines]")
            await page.wait_for_selector("#engine-rows")
        await page.evaluate("window.allow()")
        await page.wait_for_function("() => window.streams.length === 1")
        if not leaves:
            await expect(page.locator("#record")).to_have_attribute("aria-pressed", "true")
            assert await page.evaluate(LIVE)
            await page.click("nav a[data-page=engines]")
            await page.wait_for_selector("#engine-rows")
        await page.wait_for_function(f"() => !({LIVE})()")
        await expect(page.locator("#notice")).to_be_hidden()


URLS = """() => {
window.urls = new Set();
const [make, revoke] = [URL.createObjectURL.bind(URL), URL.revokeObjectURL.bind(URL)];
URL.createObjectURL = (made) => { const url = make(made); window.urls.add(url); return url; };
URL.revokeObjectURL = (url) => { window.urls.delete(url); revoke(url); };
}"""


async def test_sounds_are_given_back_when_somebody_leaves(browser: Browser, able: RunningServer) -> None:
    async with visited(browser, f"{able.url}/app/voices") as page:
        await page.wait_for_selector(READY)
        await page.evaluate(URLS)
        await page.select_option("#compare [name=one]", "tone/low")
        await page.select_option("#compare [name=other]", "tone/high")
        await page.click("#compare button[type=submit]")
        for which in (0, 1):
            await page.click(f"[data-play='{which}']")
            await expect(page.locator(f"[data-play='{which}']")).to_have_attribute("aria-pressed", "true")
        async with page.expect_response("**/tts"):
            await page.click("#blend button[type=submit]")
        await page.wait_for_function("() => window.urls.size === 2")
        await page.click("nav a[data-page=engines]")
        await page.wait_for_selector("#engine-rows")
        assert await page.evaluate("window.urls.size") == 0


async def test_a_comparison_that_is_asked_for_twice_is_made_once(browser: Browser, able: RunningServer) -> None:
    async with visited(browser, f"{able.url}/app/voices") as page:
        await page.wait_for_selector(READY)
        await page.locator("#compare option").first.wait_for(state="attached")
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/tts") else None)
        await page.evaluate("for (const _ of [1, 2]) document.getElementById('compare').requestSubmit()")
        await page.locator("#blind").wait_for()
        assert len(asked) == 2


async def test_the_keyboard_stays_in_the_library_while_it_changes(browser: Browser, able: RunningServer) -> None:
    focused = "document.activeElement.closest('li')?.querySelector('h3').textContent"
    async with visited(browser, f"{able.url}/app/voices") as page:
        page.on("dialog", lambda dialog: dialog.accept())
        await page.wait_for_selector(READY)
        for name in ("First", "Second"):
            await page.set_input_files("[name=file]", DATA / RECORDING)
            await made(page, name)
        first = page.locator("#library li", has_text="First")
        await first.get_by_role("button", name="Look again").focus()
        async with page.expect_response("**/v1/voices?**"):
            await page.keyboard.press("Enter")
        await expect(first.get_by_role("button", name="Look again")).to_be_focused()
        second = page.locator("#library li", has_text="Second")
        await second.get_by_role("button", name="Remove").focus()
        await page.keyboard.press("Enter")
        await second.wait_for(state="detached")
        assert await page.evaluate(focused) == "First"
