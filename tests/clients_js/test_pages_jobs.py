"""The page of jobs in a browser: books and recordings go in, are followed, and come out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, expect

from tests.audio import encoded, tone
from tests.clients_js.browser import visited
from tests.patience import PATIENCE
from tests.server import RunningServer

READY = "html[data-ready]"
BOOK = "# One\n\nIt was a bright morning. The birds sang.\n\n# Two\n\nThe end is near.\n"


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
        await expect(row).to_contain_text("4 of 4")
        await row.get_by_role("button", name="Items").click()
        await expect(page.locator("#items .item")).to_have_count(4)
        async with page.expect_download() as download:
            await row.get_by_role("button", name="Download").click()
        assert (await download.value).suggested_filename == "story.m4b"
        await row.get_by_role("button", name="Remove").click()
        await row.wait_for(state="detached")


async def test_before_its_end_a_book_gives_what_is_there_and_a_press_outlasts_the_page(
    browser: Browser, server: RunningServer
) -> None:
    async with visited(browser, f"{server.url}/app/jobs") as page:
        await page.wait_for_selector(READY)
        whole, partly = {"done": 3, "total": 3}, {"done": 2, "total": 3}
        job = {"id": "b1", "subject": "Fog", "kind": "speech", "state": "running", "started": 1, "items": partly}
        await page.route("**/jobs?limit=*", lambda route: route.fulfill(json=[job]))
        row = page.locator("[data-job=b1]")
        await expect(row.locator("select option")).to_have_text(["ZIP so far"])
        job |= {"state": "done", "items": whole}
        await expect(row.locator("select option")).to_have_text(["M4B", "MP3", "ZIP"])
        answer: dict[str, Any] = {"status": 202, "json": {"part": 0.4}}
        await page.route("**/jobs/b1/book?*", lambda route: route.fulfill(**answer))
        await row.get_by_role("button", name="Download").click()
        await expect(row).to_contain_text("Binding … 40%")
        await page.click("nav a[data-page=speak]")
        await page.locator("#speak").wait_for()
        await page.click("nav a[data-page=jobs]")
        await expect(row).to_contain_text("Binding … 40%")
        await page.reload()
        await expect(row).to_contain_text("Binding … 40%")
        await page.click("nav a[data-page=speak]")
        await page.locator("#speak").wait_for()
        async with page.expect_download() as download:
            answer = {"body": b"book"}
        assert (await download.value).suggested_filename == "Fog.m4b"


async def test_a_download_that_is_cut_is_fetched_again(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/home") as page:
        await page.add_init_script(
            """const whole = Response.prototype.blob;
            let isCut = true;
            Response.prototype.blob = function () {
              if (!isCut) return whole.call(this);
              isCut = false;
              return Promise.reject(new TypeError("network error"));
            };"""
        )
        await page.goto(f"{server.url}/app/jobs")
        items = {"done": 1, "total": 1}
        job = {"id": "b3", "subject": "Sky", "kind": "speech", "state": "done", "started": 1, "items": items}
        await page.route("**/jobs?limit=*", lambda route: route.fulfill(json=[job]))
        await page.route("**/jobs/b3/book?*", lambda route: route.fulfill(body=b"book"))
        async with page.expect_download() as download:
            await page.locator("[data-job=b3]").get_by_role("button", name="Download").click()
        assert (await download.value).suggested_filename == "Sky.m4b"
        await expect(page.locator("#notice")).to_be_hidden()


async def test_a_download_that_waits_is_given_up(browser: Browser, server: RunningServer) -> None:
    async with visited(browser, f"{server.url}/app/jobs") as page:
        await page.wait_for_selector(READY)
        items = {"done": 1, "total": 1}
        job = {"id": "b2", "subject": "Sea", "kind": "speech", "state": "done", "started": 1, "items": items}
        await page.route("**/jobs?limit=*", lambda route: route.fulfill(json=[job]))
        await page.route("**/jobs/b2/book?*", lambda route: route.abort())  # the server is away
        row = page.locator("[data-job=b2]")
        await row.get_by_role("button", name="Download").click()
        await row.get_by_role("button", name="Cancel").click()
        await expect(row.get_by_role("button", name="Download")).to_be_visible()
        await expect(page.locator("#notice")).to_be_hidden()
        assert await page.evaluate("sessionStorage.getItem('stts.takings')") is None


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
        await expect(page.locator("#new-job [name=voice]")).to_be_hidden()
        await page.click("#new-job button[type=submit]")
        row = page.locator("#job-rows li", has_text="monday.wav + 1")
        await expect(row).to_contain_text("2 of 2")
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
        await expect(page.locator("#items .item", has_text="waiting")).to_have_count(0)
