"""The pages in Firefox: what people do on them, with a file as microphone, and nothing that is wrong on any of them."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from routers.pages.site import PAGES
from tests.audio import encoded
from tests.clients_js import (
    firefox_bridge,
    sound_server,
    test_pages,
    test_pages_jobs,
    test_pages_manage,
    test_pages_work,
)
from tests.clients_js.browser import patient_context, visited
from tests.clients_js.firefox import Firefox, missing, once_more_where_it_hangs
from tests.clients_js.sound_server import SoundServer, running_sound_server
from tests.clients_js.test_pages import READY, RECORDING
from tests.clients_js.test_pages_for_all import AXE, faults
from tests.engines.speech import DATA, read
from tests.patience import PATIENCE
from tests.server import RunningServer

# Starting it takes longer than most of the tests do.
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("default:Firefox hung"),  # told at the end; the test begins anew
]

PHONE = {"width": 390, "height": 844}
AS_IN_CHROMIUM = (
    test_pages.test_home_says_something_and_shows_what_runs,
    test_pages.test_home_transcribes_a_recording,
    test_pages.test_pages_change_without_loading_and_back_goes_back,
    test_pages.test_pieces_light_up_while_they_are_heard_and_are_kept,
    test_pages.test_stopping_is_no_error_and_nothing_is_kept_of_it,
    test_pages_jobs.test_a_book_is_spoken_followed_and_taken_along,
    test_pages_manage.test_a_key_is_made_shown_once_and_revoked,
    test_pages_manage.test_a_setting_is_checked_saved_and_taken_back,
    test_pages_manage.test_requests_and_their_errors_are_shown,
    test_pages_work.test_a_recording_is_written_down_edited_and_taken_along,
    test_pages_work.test_a_voice_is_made_shown_with_its_figures_and_removed,
)
globals().update({test.__name__: once_more_where_it_hangs(test) for test in AS_IN_CHROMIUM})


@pytest.fixture(scope="module")
def sound() -> Iterator[SoundServer]:
    if (name := missing() or sound_server.missing()) is not None:
        pytest.skip(f"{name} is not installed: `make browsers`")
    with tempfile.TemporaryDirectory() as folder, running_sound_server(Path(folder)) as sound:
        yield sound


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def firefox_here(sound: SoundServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Firefox]:
    async with Firefox(sound, tmp_path_factory.mktemp("firefox")) as firefox:
        yield firefox


@pytest_asyncio.fixture(loop_scope="module")
async def browser(firefox_here: Firefox) -> Browser:
    return await firefox_here.browser()


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recording") / "weather.wav"
    path.write_bytes(encoded(read(DATA / RECORDING)))
    return path


@pytest.mark.parametrize("page_name", PAGES)
@once_more_where_it_hangs
async def test_a_page_is_for_everybody(browser: Browser, server: RunningServer, page_name: str) -> None:
    source = AXE.read_text(encoding="utf-8")
    async with visited(browser, f"{server.url}/app/{page_name}") as page:
        await page.wait_for_selector(READY)
        assert await faults(page, source) == {}
        await page.set_viewport_size(PHONE)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "scrolls sideways"


@once_more_where_it_hangs
async def test_listen_writes_down_what_the_microphone_hears(
    browser: Browser, server: RunningServer, sound: SoundServer, recording: Path
) -> None:
    async with visited(browser, f"{server.url}/app/listen") as page, sound.playing(recording):
        await page.wait_for_selector(READY)
        await page.click("#microphone")
        await expect(page.locator("#live-words")).to_contain_text(re.compile(r"(\S+\s+){2}\S+"))
        await page.click("#microphone")
        await expect(page.locator("#microphone")).to_have_text("Microphone")


@once_more_where_it_hangs
async def test_a_voice_is_recorded_and_its_figures_are_shown(
    browser: Browser, server: RunningServer, sound: SoundServer, recording: Path
) -> None:
    async with visited(browser, f"{server.url}/app/voices") as page:
        page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
        await page.wait_for_selector(READY)
        async with sound.playing(recording):
            await page.click("#record")
            await page.wait_for_function("() => document.querySelector('#record-level').value > 0.02")
            await expect(page.locator("#record-time")).to_have_text(re.compile("0:(0[6-9]|[1-5].)"))
            await page.click("#record")
        await page.locator("#take").wait_for()
        await page.fill("#new-voice [name=name]", "Recorded")
        await page.fill("[name=consent]", "The speaker, in writing")
        await page.check("[name=agreed]")
        await page.click("#new-voice button[type=submit]")
        row = page.locator("#library li", has_text="Recorded")
        await row.locator("meter").first.wait_for()
        await row.get_by_role("button", name="Remove").click()
        await row.wait_for(state="detached")


async def test_a_browser_that_is_lost_is_replaced_once_and_what_is_wrong_stays_wrong(firefox_here: Firefox) -> None:
    seen: list[Browser] = []

    @once_more_where_it_hangs
    async def lost(browser: Browser) -> None:
        seen.append(browser)
        if len(seen) == 1:
            await browser.close()
            await patient_context(browser)
        assert len(seen) < 3, "wrong"

    with pytest.warns(UserWarning, match="begins anew"):
        await lost(browser=await firefox_here.browser(), firefox_here=firefox_here)
    assert [browser.is_connected() for browser in seen] == [False, True]
    with pytest.raises(AssertionError, match="wrong"):
        await lost(browser=seen[1], firefox_here=firefox_here)
    assert len(seen) == 3


async def test_a_command_without_an_answer_ends_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firefox_bridge, "LONGEST_SECONDS", 0.0)
    ended = asyncio.Event()
    unanswered = firefox_bridge.Unanswered(ended.set)
    unanswered.asked(1, "script.callFunction")
    unanswered.asked(2, "script.callFunction")
    unanswered.answered(1)
    await asyncio.wait_for(ended.wait(), PATIENCE)
