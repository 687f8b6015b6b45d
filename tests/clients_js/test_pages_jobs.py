"""The page of jobs in a browser: books and recordings go in, are followed, and come out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, expect

from tests.audio import encoded, tone
from tests.clients_js.browser import launched, visited
from tests.patience import PATIENCE
from tests.server import RunningServer

READY = "html[data-ready]"
BOOK = "# One\n\nIt was a bright morning. The birds sang.\n\n# Two\n\nThe end is near.\n"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with launched() as browser:
        yield browser


async def test_a_book_is_spoken_followed_and_taken_along(
    browser: Browser, server: RunningServer, tmp_path: Path
) -> None:
    book = tmp_path / "story.md"
    book.write_text(BOOK)
    async with visited(browser, f"{server.url}/app/jobs") as page:
        await page.wait_for_selector(READY)
        await page.set_input_files("[name=file]", book)
        await page.click("#new-job button[type=submit]")
        row = page.locator("#job-rows li", has_text="story")
        await expect(row).to_contain_text("4 of 4", timeout=30_000)
        await row.get_by_role("button", name="Items").click()
        await expect(page.locator("#items .item")).to_have_count(4)
        async with page.expect_download() as download:
            await row.get_by_role("button", name="Download").click()
        assert (await download.value).suggested_filename == "story.m4b"
        await row.get_by_role("button", name="Remove").click()
        await row.wait_for(state="detached")


async def test_recordings_become_a_job_with_their_names(
    browser: Browser, server: RunningServer, tmp_path: Path
) -> None:
    recordings = [tmp_path / name for name in ("monday.wav", "tuesday.unknown")]
    for recording in recordings:
        recording.write_bytes(encoded(tone(0.5)))
    async with visited(browser, f"{server.url}/app/jobs") as page:
        await page.wait_for_selector(READY)
        await page.set_input_files("[name=file]", recordings)
        await expect(page.locator("#chosen")).to_have_text("monday.wav, tuesday.unknown")
        assert await page.locator("#new-job [name=voice]").is_hidden()
        await page.click("#new-job button[type=submit]")
        row = page.locator("#job-rows li", has_text="monday.wav + 1")
        await expect(row).to_contain_text("2 of 2", timeout=30_000)
        await row.get_by_role("button", name="Items").click()
        await expect(page.locator("#items .item", has_text="tuesday.unknown")).to_be_visible()
        await row.locator("select").select_option(label="SRT (ZIP)")
        async with page.expect_download() as download:
            await row.get_by_role("button", name="Download").click()
        assert (await download.value).suggested_filename == "monday.wav + 1.zip"
        await row.get_by_role("button", name="Remove").click()
        await expect(page.locator("#items-card")).to_be_hidden()


async def test_a_file_that_is_no_book_is_named_and_those_before_it_are_not_begun_twice(
    browser: Browser, server: RunningServer, tmp_path: Path
) -> None:
    good, bad = tmp_path / "good.md", tmp_path / "bad.epub"
    good.write_text("# Good\n\nIt is short.")
    bad.write_bytes(b"PK\x03\x04, and then no archive")
    async with visited(browser, f"{server.url}/app/jobs") as page:
        await page.wait_for_selector(READY)
        await page.set_input_files("[name=file]", [good, bad])
        await page.click("#new-job button[type=submit]")
        await expect(page.locator("#notice-text")).to_contain_text("bad.epub: ")
        await expect(page.locator("#chosen")).to_have_text("bad.epub")
        await expect(page.locator("#job-rows li", has_text="Good")).to_have_count(1)


async def test_items_of_a_running_job_change_while_they_are_looked_at(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/jobs") as page:
        body = {"name": "lines", "items": [f"This is line number {number}." for number in range(40)]}
        async with httpx.AsyncClient(timeout=PATIENCE) as http:
            begun = (await http.post(f"{server.url}/jobs/speech", json=body)).raise_for_status().json()
        row = page.locator(f"[data-job={begun['id']}]")
        await row.get_by_role("button", name="Items").click()
        await expect(page.locator("#items .item", has_text="done").first).to_be_visible()
        await expect(page.locator("#items .item", has_text="waiting")).to_have_count(0, timeout=60_000)
