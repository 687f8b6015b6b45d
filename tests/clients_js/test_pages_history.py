"""The history of Speak: taken along in every format, kept beyond the tab where somebody asks for it, and erased."""

from __future__ import annotations

import asyncio
import io
import wave

import pytest
from playwright.async_api import Browser, Page, expect

from stts.audio.formats import FORMATS
from tests.clients_js.browser import chromium, visited
from tests.server import RunningServer

pytestmark = pytest.mark.skipif(chromium() is None, reason="chromium is not installed")

READY = "html[data-ready]"
ITEM = "#history li"
DATABASES = "async () => (await indexedDB.databases()).map(({ name }) => name)"
CANNOT_ERASE = "IDBFactory.prototype.deleteDatabase = () => { throw new DOMException('Full.', 'UnknownError'); }"
BEGINS = {"wav": b"RIFF", "flac": b"fLaC", "opus": b"OggS"}
"""First bytes of the formats that have some of their own."""


async def say(page: Page, text: str) -> None:
    await page.wait_for_selector(READY)
    await page.select_option("[name=engine]", "espeak")
    await page.fill("#speak-text", text)
    await page.click("#speak-button")
    await page.locator(ITEM, has_text=text).wait_for()


async def taken(page: Page, format: str) -> tuple[str, bytes]:
    await page.locator(f"{ITEM} select").first.select_option(format)
    async with page.expect_download() as download:
        await page.locator(f"{ITEM} .buttons button:last-child").first.click()
    file = await download.value
    return file.suggested_filename, await asyncio.to_thread((await file.path()).read_bytes)


async def test_it_is_taken_along_in_every_format_of_the_server(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/speak") as page:
        await say(page, "Six ways.")
        offered = await page.locator(f"{ITEM} option").evaluate_all("all => all.map((one) => one.value)")
        assert offered == list(FORMATS)
        for format in FORMATS:
            name, data = await taken(page, format)
            assert name == f"speech.{'ogg' if format == 'opus' else format}"
            assert data.startswith(BEGINS.get(format, b"")) and len(data) > 1000, format


async def test_nothing_stays_in_the_browser_unless_somebody_asks(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/speak") as page:
        await say(page, "For this tab.")
        await expect(page.locator("#history-keep")).not_to_be_checked()
        assert await page.evaluate(DATABASES) == []
        await expect(page.locator("#history audio")).to_have_count(0)
        await page.reload()
        await page.locator(ITEM, has_text="For this tab.").wait_for()


async def test_what_is_kept_is_heard_in_another_tab_and_erased_with_one_press(
    browser: Browser, server: RunningServer
) -> None:
    async with visited(browser, f"{server.url}/app/speak") as page:
        await say(page, "Before it was asked.")
        await page.check("#history-keep")
        await say(page, "Kept with its sound.")
        await page.wait_for_selector("#history audio")
        other = await page.context.new_page()
        await other.goto(page.url)
        await other.wait_for_selector(READY)
        texts = await other.locator("#history .excerpt").all_inner_texts()
        assert texts == ["Kept with its sound.", "Before it was asked."]
        await other.evaluate("() => { window.fetch = () => Promise.reject(new TypeError('away')); }")
        name, data = await taken(other, "wav")
        with wave.open(io.BytesIO(data)) as sound:
            assert (name, sound.getframerate(), sound.getnchannels()) == ("speech.wav", 24_000, 1)
            assert sound.getnframes() > 12_000
        await other.locator("#history audio").first.evaluate("audio => audio.play()")
        await other.wait_for_function("() => document.querySelector('#history audio').currentTime > 0.1")
        await other.click("#history-erase")
        await other.locator("#history-none").wait_for()
        await other.reload()
        await other.wait_for_selector(READY)
        await expect(other.locator(ITEM)).to_have_count(0)


async def test_what_could_not_be_erased_is_still_shown(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/speak") as page:
        await page.wait_for_selector(READY)
        await page.check("#history-keep")
        await say(page, "It stays.")
        await page.evaluate(f"() => {{ {CANNOT_ERASE} }}")
        await page.click("#history-erase")
        await expect(page.locator("#notice")).to_be_visible()
        await expect(page.locator(ITEM)).to_have_count(1)


async def test_turned_off_nothing_of_it_stays(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/speak") as page:
        await page.wait_for_selector(READY)
        await page.check("#history-keep")
        await say(page, "Only for a while.")
        await page.uncheck("#history-keep")
        await page.wait_for_function("async () => (await indexedDB.databases()).length === 0")
        await expect(page.locator("#history audio")).to_have_count(0)
        await expect(page.locator(ITEM)).to_have_count(1)


FILL = """async () => {
  const { Shelf } = await import(`${document.querySelector("link[rel=modulepreload]").href}/../shelf.js`);
  const shelf = new Shelf();
  const said = (text, bytes) => {
    const sound = new Blob([new Uint8Array(bytes)]);
    return { wanted: { text }, engine: "e", voice: "v", seconds: 1, sound };
  };
  for (let number = 0; number < 55; number++) await shelf.put(said(`number ${number}`, 10));
  await shelf.put(said("number 54", 10));
  const many = (await shelf.all()).map(({ wanted }) => wanted.text);
  for (const text of ["first", "second", "third"]) await shelf.put(said(text, 45_000_000));
  await shelf.put(said("too large", 60_000_000));
  const [{ sound }] = await shelf.all();
  return [many.length, many[0], many.at(-1), sound === undefined, (await shelf.all()).map(({ wanted }) => wanted.text)];
}"""


async def test_the_shelf_has_bounds(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/speak") as page:
        await page.wait_for_selector(READY)
        count, newest, oldest, without_sound, rest = await page.evaluate(FILL)
        assert (count, newest, oldest) == (50, "number 54", "number 5")
        assert (without_sound, rest) == (True, ["too large", "third", "second"])
