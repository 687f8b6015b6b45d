"""The pages in a browser, with a server that speaks and listens behind them."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests import patient
from tests.clients_js.browser import launched, visited
from tests.clients_js.conftest import Microphone
from tests.engines.speech import DATA
from tests.server import RunningServer

RECORDING = "weather.flac"
READY = "html[data-ready]"
POSITION = """() => document.querySelector("#reading .now")?.textContent ?? null"""


@pytest.fixture
async def browser(microphone: Microphone) -> AsyncIterator[Browser]:
    async with launched(microphone=microphone(RECORDING)) as browser:
        yield browser


async def test_home_says_something_and_shows_what_runs(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/") as page:
        await page.wait_for_selector(READY)
        await page.fill("#say-text", "Good morning.")
        await page.click("#say-button")
        await page.wait_for_function("() => document.querySelector('#say-state').textContent.includes('Voice')")
        await page.wait_for_function("() => document.querySelector('#say-button').textContent === 'Say it'")
        row = page.locator("#engines tr", has_text="hibari")
        await row.locator('.state[data-state="ready"]').wait_for()


async def test_home_writes_down_what_the_microphone_hears(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/home") as page:
        await page.wait_for_selector(READY)
        await page.click("#hear-button")
        await page.wait_for_function(
            "() => document.querySelector('#heard').textContent.trim().split(/\\s+/).length >= 3"
        )
        await page.click("#hear-button")
        await page.wait_for_function("() => document.querySelector('#hear-button').textContent === 'Microphone'")


async def test_home_transcribes_a_recording(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/home") as page:
        await page.wait_for_selector(READY)
        await page.set_input_files("#hear-file", DATA / RECORDING)
        await page.wait_for_function("() => document.querySelector('#heard').textContent.split(/\\s+/).length >= 3")


async def test_pieces_light_up_while_they_are_heard_and_are_kept(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/speak") as page:
        await page.wait_for_selector(READY)
        await page.select_option("[name=engine]", "espeak")
        await page.fill("#speak-text", "The first sentence is here. The second one is the end of it.")
        await page.click("#speak-button")
        await page.wait_for_function(POSITION)
        await page.locator("#history li").wait_for()
        await expect(page.locator("#reading")).to_be_hidden()
        await expect(page.locator("#history li .soft")).to_contain_text("espeak", use_inner_text=True)
        async with page.expect_download() as download:
            await page.click("#history li .buttons button:last-child")
        taken = await download.value
        assert taken.suggested_filename == "speech.mp3"
        assert len(await asyncio.to_thread((await taken.path()).read_bytes)) > 5000


async def test_stopping_is_no_error_and_nothing_is_kept_of_it(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/speak") as page:
        await page.wait_for_selector(READY)
        await page.click("#speak-button")
        await page.wait_for_function(POSITION)
        await page.click("#speak-button")
        await page.wait_for_function("() => document.querySelector('#speak-button').textContent === 'Speak'")
        await expect(page.locator("#notice")).to_be_hidden()


async def test_what_the_server_refuses_is_told_with_what_is_allowed(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/speak") as page:
        await page.wait_for_selector(READY)
        await page.evaluate("document.querySelector('[name=engine]').add(new Option('nosuch', 'nosuch'))")
        await page.select_option("[name=engine]", "nosuch")
        await page.click("#speak-button")
        await page.wait_for_selector("#notice:not([hidden])")
        await expect(page.locator("#notice")).to_contain_text("espeak", use_inner_text=True)


async def test_pages_change_without_loading_and_back_goes_back(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/home") as page:
        await page.wait_for_selector(READY)
        await page.evaluate("window.mark = 1")
        await page.click("nav a[data-page=speak]")
        await page.wait_for_selector("#speak")
        await expect(page).to_have_url(re.compile(r"/app/speak$"))
        await expect(page.locator("#main")).to_be_focused()
        await page.go_back()
        await page.wait_for_selector("#say")
        assert await page.evaluate("window.mark") == 1


async def test_a_language_and_a_theme_stay_chosen(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/home") as page:
        await page.wait_for_selector(READY)
        await page.select_option("[name=theme]", "dark")
        await page.select_option("[name=language]", "fa")
        await page.wait_for_selector("html[lang=fa][dir=rtl][data-theme=dark][data-ready]")
        box = await page.locator("nav").bounding_box()
        assert box is not None
        assert box["x"] > 700


@pytest.mark.parametrize("kind", ["curl", "Python", "JavaScript"])
async def test_what_is_shared_works_as_it_stands(
    browser: Browser, server: RunningServer, tmp_path: Path, kind: str
) -> None:
    async with visited(browser, f"{server.url}/app/speak") as page:
        await page.wait_for_selector(READY)
        await page.select_option("[name=engine]", "espeak")
        await page.fill("#speak-text", 'It\'s a "test".\nOf two lines.')
        await page.locator("[name=speed]").fill("1.5")
        await page.evaluate("document.querySelector('#more').open = true")
        await page.fill("[name='engine.word_gap']", "20")
        await page.click("#share")
        await page.click(f"#kinds button[value={kind}]")
        snippet = await page.locator("#snippet").inner_text()
    assert "1.5" in snippet and "word_gap" in snippet
    (tmp_path / "snippet.mjs").write_text(snippet)
    program = {"curl": "bash", "Python": sys.executable, "JavaScript": "node"}[kind]
    command = [program, "snippet.mjs"]
    done = await asyncio.to_thread(patient.run, command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "speech.mp3").read_bytes()) > 5000
