"""The page that writes down: what fails, what is kept, and what the microphone heard."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Dialog, Route, expect

from stts.engine_api import STT_SAMPLE_RATE
from tests.audio import decoded
from tests.clients_js.browser import launched, visited
from tests.clients_js.conftest import Microphone
from tests.engines.speech import DATA
from tests.server import RunningServer

RECORDING = DATA / "weather.flac"
READY = "html[data-ready]"
DROPPED = """(isFile) => ["dragover", "drop"].map((type) => {
    const dataTransfer = new DataTransfer();
    isFile ? dataTransfer.items.add(new File(["x"], "dropped.wav")) : dataTransfer.setData("text/plain", "x");
    const event = new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer });
    return !document.querySelector("form input[type=file]").dispatchEvent(event);
})"""
"""Whether the page takes what is dragged, and what is dropped."""


@pytest.fixture
async def browser(microphone: Microphone) -> AsyncIterator[Browser]:
    async with launched(microphone=microphone(RECORDING.name)) as browser:
        yield browser


async def test_why_a_recording_failed_stands_in_its_own_card(
    browser: Browser, server: RunningServer, tmp_path: Path
) -> None:
    text, empty = tmp_path / "text.wav", tmp_path / "empty.wav"
    text.write_text("Only words.")
    empty.write_bytes(b"")
    async with visited(browser, f"{server.url}/app/listen") as page:
        await page.wait_for_selector(READY)
        await page.set_input_files("[name=files]", [text, empty])
        cards = page.locator("#transcripts > section")
        await expect(cards.filter(has_text="text.wav").get_by_role("status")).to_contain_text(
            "is text, not a recording"
        )
        await expect(cards.filter(has_text="empty.wav").get_by_role("status")).to_contain_text("is empty")
        await expect(cards.get_by_role("button", name="Try again")).to_have_count(0)
        await expect(page.locator("#notice")).to_be_hidden()


async def test_what_may_pass_is_tried_again_with_what_is_chosen_then(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/listen") as page:
        await page.wait_for_selector(READY)
        await page.evaluate("document.querySelector('[name=engine]').add(new Option('nosuch', 'nosuch'))")
        await page.select_option("[name=engine]", "nosuch")
        await page.set_input_files("[name=files]", RECORDING)
        card = page.locator("#transcripts > section")
        await expect(card.get_by_role("status")).to_contain_text("pocketsphinx")
        await expect(card.get_by_role("link", name="Engines")).to_be_visible()
        await page.select_option("[name=engine]", "auto")
        await card.get_by_role("button", name="Try again").click()
        await card.get_by_role("textbox").first.wait_for()


async def test_who_wants_speakers_told_apart_is_led_to_the_model_that_is_missing(
    browser: Browser, server: RunningServer
) -> None:
    async with visited(browser, f"{server.url}/app/home") as page:
        model = {"id": "m", "name": "Embedder", "engine": "speaker_embedding", "present": False, "bytes": 12_000_000}
        await page.route("**/models", lambda route: route.fulfill(json=[model]))
        await page.goto(f"{server.url}/app/listen")
        await page.wait_for_selector(READY)
        await page.set_input_files("[name=files]", RECORDING)
        card = page.locator("#transcripts > section")
        await card.get_by_role("button", name="Tell speakers apart").click()
        await expect(page.locator("#speakers-missing button")).to_be_focused()
        await expect(card.get_by_role("status")).to_contain_text("took")


async def test_what_was_written_down_stays_with_its_corrections(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/listen") as page:
        await page.wait_for_selector(READY)
        await page.set_input_files("[name=files]", RECORDING)
        words = page.locator(".segments [role=textbox]").first
        await expect(page.get_by_role("button", name="Download")).to_be_visible()
        await words.fill("These are other words.")
        await page.click("nav a[data-page=speak]")
        await page.locator("#speak").wait_for()
        await page.go_back()
        await expect(words).to_have_text("These are other words.")
        assert await page.locator("#transcripts audio").evaluate("(audio) => audio.src") != ""
        asked: list[str] = []

        async def accept(dialog: Dialog) -> None:
            asked.append(dialog.type)
            await dialog.accept()

        page.on("dialog", accept)
        await page.reload()
        await expect(words).to_have_text("These are other words.")
        assert asked == ["beforeunload"]
        await expect(page.locator(".segments .time").first).to_be_disabled()
        async with page.expect_download() as download:
            await page.get_by_role("button", name="Download").click()
        assert "These are other words." in await asyncio.to_thread((await (await download.value).path()).read_text)
        await page.reload()
        await page.get_by_role("button", name="Remove").click()
        await expect(page.locator("#transcripts > *")).to_have_count(0)
        assert asked == ["beforeunload"]
        await page.reload()
        await page.wait_for_selector(READY)
        await expect(page.locator("#transcripts > *")).to_have_count(0)


async def test_writing_down_goes_on_while_another_page_is_shown(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/listen") as page:
        await page.wait_for_selector(READY)
        released = asyncio.Event()

        async def late(route: Route) -> None:
            await released.wait()
            await route.continue_()

        await page.route("**/stt", late)
        await page.set_input_files("[name=files]", RECORDING)
        await page.get_by_role("button", name="Cancel").wait_for()
        await page.click("nav a[data-page=home]")
        await page.locator("#say").wait_for()
        released.set()
        await page.click("nav a[data-page=listen]")
        await expect(page.locator(".segments [role=textbox]").first).to_be_visible()


async def test_another_key_takes_away_what_was_written_down(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/listen") as page:
        await page.wait_for_selector(READY)
        await page.set_input_files("[name=files]", RECORDING)
        await expect(page.get_by_role("button", name="Download")).to_be_visible()
        await page.click("#open-key")
        await page.click("#key [value=forget]")
        await page.wait_for_selector(READY)
        await expect(page.locator("#transcripts > *")).to_have_count(0)
        assert await page.evaluate("sessionStorage.getItem('stts.transcripts')") is None


async def test_the_microphone_is_written_down_live_and_is_a_recording_then(
    browser: Browser, server: RunningServer
) -> None:
    async with visited(browser, f"{server.url}/app/listen") as page:
        await page.wait_for_selector(READY)
        await page.click("#microphone")
        await expect(page.locator("#live-words")).to_contain_text(re.compile(r"(\S+\s+){2}\S+"))
        await page.click("#microphone")
        await expect(page.locator("#microphone")).to_have_text("Microphone")
        card = page.locator("#transcripts > section")
        await expect(card.locator(".segments li")).not_to_have_count(0)
        await expect(card.locator("audio")).to_be_visible()
        taken = {}
        for kind in ("srt", "wav"):
            await card.locator("select").select_option(kind)
            async with page.expect_download() as download:
                await card.get_by_role("button", name="Download").click()
            taken[kind] = await asyncio.to_thread((await (await download.value).path()).read_bytes)
        assert re.match(rb"1\n00:00:0\d,\d{3} --> 00:00:\d\d,\d{3}\n\w+", taken["srt"])
        assert len(decoded(taken["wav"])[0]) > STT_SAMPLE_RATE
        await card.get_by_role("button", name="Tell speakers apart").click()
        await expect(card.locator(".segments .speaker").first).to_be_visible()


async def test_what_the_microphone_heard_stays_when_the_page_is_left(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/listen") as page:
        await page.wait_for_selector(READY)
        await page.click("#microphone")
        await expect(page.locator("#live-words")).to_contain_text(re.compile(r"(\S+\s+){2}\S+"))
        page.once("dialog", lambda dialog: asyncio.ensure_future(dialog.dismiss()))
        await page.click("nav a[data-page=home]")
        await expect(page.locator("#microphone")).to_have_text("Stop")
        page.once("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
        await page.click("nav a[data-page=home]")
        await page.locator("#say").wait_for()
        await page.click("nav a[data-page=listen]")
        await expect(page.locator("#transcripts .segments [role=textbox]").first).to_have_text(re.compile(r"\S+ \S+"))


@pytest.mark.parametrize("name", ["listen", "jobs", "voices"])
async def test_words_that_are_dragged_are_left_to_the_browser(
    browser: Browser, server: RunningServer, name: str
) -> None:
    async with visited(browser, f"{server.url}/app/{name}") as page:
        await page.wait_for_selector(READY)
        assert await page.evaluate(DROPPED, False) == [False, False]
        assert await page.evaluate(DROPPED, True) == [True, True]


async def test_files_that_are_chosen_take_an_old_failure_away(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/home") as page:
        await page.wait_for_selector(READY)
        await page.set_input_files("#hear-file", {"name": "a.wav", "mimeType": "audio/wav", "buffer": b"words"})
        await expect(page.locator("#notice")).to_be_visible()
        await page.set_input_files("#hear-file", RECORDING)
        await expect(page.locator("#notice")).to_be_hidden()
