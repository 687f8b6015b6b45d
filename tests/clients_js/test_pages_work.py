"""The pages on which people work: recordings, voices, jobs and engines, in a browser."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from tests.clients_js.browser import launched, visited
from tests.clients_js.conftest import Microphone
from tests.engines.speech import DATA
from tests.server import RunningServer

RECORDING = DATA / "weather.flac"
READY = "html[data-ready]"


@pytest.fixture
async def browser(microphone: Microphone) -> AsyncIterator[Browser]:
    async with launched(microphone=microphone(RECORDING.name)) as browser:
        yield browser


async def test_a_recording_is_written_down_edited_and_taken_along(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/listen") as page:
        await page.wait_for_selector(READY)
        await page.set_input_files("[name=files]", RECORDING)
        words = page.locator(".segments [role=textbox]").first
        await words.wait_for()
        await words.fill("These are other words.")
        await page.locator("section.card .buttons select").select_option("srt")
        async with page.expect_download() as download:
            await page.click("section.card .buttons button")
        taken = await download.value
        text = await asyncio.to_thread((await taken.path()).read_text)
        assert taken.suggested_filename == "weather.srt"
        assert re.match(r"1\n00:00:0\d,\d{3} --> 00:00:0\d,\d{3}\nThese are other words\.\n", text)


async def test_a_recording_is_cancelled_and_heard_again(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/listen") as page:
        await page.wait_for_selector(READY)
        await page.route("**/stt", lambda route: asyncio.sleep(0))  # it never answers
        await page.set_input_files("[name=files]", RECORDING)
        await page.get_by_role("button", name="Cancel").click()
        await expect(page.locator("#transcripts [role=status]")).to_have_text("cancelled")
        await expect(page.locator("#notice")).to_be_hidden()
        await page.unroute("**/stt")
        await page.get_by_role("button", name="Try again").click()
        await page.locator(".segments [role=textbox]").first.wait_for()


async def test_a_voice_is_made_shown_with_its_figures_and_removed(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/voices") as page:
        page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
        await page.wait_for_selector(READY)
        await page.set_input_files("[name=file]", RECORDING)
        await expect(page.locator("#new-voice [name=name]")).to_have_value("weather")
        await page.fill("[name=consent]", "The speaker, in writing")
        await page.check("[name=agreed]")
        await page.click("#new-voice button[type=submit]")
        row = page.locator("#library li", has_text="weather")
        await row.locator("meter").first.wait_for()
        await row.get_by_role("button", name="Recording").click()
        await row.locator("audio").wait_for()
        await row.get_by_role("button", name="Remove").click()
        await row.wait_for(state="detached")


async def test_a_voice_without_a_recording_is_told_so(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/voices") as page:
        await page.wait_for_selector(READY)
        await page.fill("#new-voice [name=name]", "Nobody")
        await page.fill("[name=consent]", "Nobody, in writing")
        await page.check("[name=agreed]")
        await page.click("#new-voice button[type=submit]")
        await expect(page.locator("#voice-state")).to_contain_text("Record something first")


async def test_two_voices_are_compared_without_their_names(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/voices") as page:
        await page.wait_for_selector(READY)
        await page.select_option("#compare [name=one]", "espeak/en-us")
        await page.select_option("#compare [name=other]", "espeak/de")
        await page.click("#compare button[type=submit]")
        await page.click("[data-play='0']")
        await page.click("[data-vote='1']")
        await expect(page.locator("#verdict")).to_contain_text("You chose")


async def test_an_engine_is_loaded_and_unloaded_and_one_that_is_missing_says_how_it_comes(
    browser: Browser, server: RunningServer
) -> None:
    async with visited(browser, f"{server.url}/app/engines") as page:
        await page.wait_for_selector(READY)
        row = page.locator("[data-engine=speaker_embedding]")
        state = row.locator(".state")
        if await state.get_attribute("data-state") != "ready":
            await row.get_by_role("button", name="Load", exact=True).click()
        await expect(state).to_have_attribute("data-state", "ready")
        await row.get_by_role("button", name="Unload").click()
        await expect(state).to_have_attribute("data-state", "cold")
        missing = page.locator("[data-engine=remote_tts]")
        await missing.get_by_role("button").click()
        await expect(missing.locator("pre")).to_contain_text("engines.options.remote_tts.base_url")
        await expect(page.locator("[data-model=silero-vad] .state")).to_have_text("in a package", use_inner_text=True)


async def test_a_server_without_keys_says_how_they_begin(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/keys") as page:
        await page.wait_for_selector(READY)
        await expect(page.locator("#keys-off")).to_contain_text("stts keys create --role admin")
        await expect(page.locator("#new-key")).to_be_hidden()
