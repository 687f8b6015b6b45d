"""Why something was slow, as the page Analytics tells it, in a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.async_api import Browser, Locator, Page, Route, expect

from engines.registry import Registry
from stts.analytics.course import Course
from stts.analytics.recent import RecentOperations
from stts.analytics.record import Labels, OperationRecord
from tests.clients_js.browser import patient_context, visited
from tests.clients_js.conftest import configured
from tests.fakes import registry
from tests.server import RunningServer, running

READY = "html[data-ready]"
SPOKEN = OperationRecord(
    Labels("tts", "hibari", "heart", "en-US", "mp3"),
    "completed",
    first_item=2.1,
    total=2.6,
    audio_seconds=3.5,
    characters=60,
    route="/tts",
)
HEARD = replace(SPOKEN, labels=Labels("stt", "ear", "none", "en", "none"), first_item=1.5)
SLOW = {
    "load": (replace(SPOKEN, course=Course(load=1.9, engine=0.3)), "was not loaded yet", "Settings"),
    "queue": (replace(SPOKEN, course=Course(queue=1.9, engine=0.3)), "busy with other requests", "Settings"),
    "engine": (replace(SPOKEN, total=4.0, course=Course(engine=3.4)), "hardly faster than one listens", "Engines"),
    "first": (replace(HEARD, course=Course(engine=1.4)), "until its words were there", "Engines"),
    "length": (
        replace(SPOKEN, urgency="collected", total=9.0, audio_seconds=90.0, course=Course(engine=8.0)),
        "All of the speech",
        "Jobs",
    ),
    "received": (replace(SPOKEN, course=Course(received=5.0)), "took 5 seconds to come in", None),
    "held": (replace(SPOKEN, total=20.0, course=Course(engine=0.3, held=19.0)), "for its client to read", None),
    "reply": (
        replace(SPOKEN, labels=Labels("conversation", "chat", "none", "en", "wav")),
        "language model",
        "Settings",
    ),
    "other": (SPOKEN, "none of the parts", None),
    "encode": (replace(SPOKEN, course=Course(encode=2.0)), "effects and encoding", None),
    "shared": (replace(SPOKEN, cache="JOIN"), "another request already", None),
}
"""By cause: an operation, and what is said of it, and where something can be done."""
BOOK = replace(SPOKEN, urgency="background", first_item=60.0, total=61.0, course=Course(queue=59.0, engine=1.0))
ASKED = json.dumps(
    {
        "method": "POST",
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps({"text": "Hi.", "voice": "nobody"}),
    }
)


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """It was slow once for each cause, and spoke an item of a book."""
    config = configured(tmp_path_factory.mktemp("slow"), tts={"order": ["espeak"]})
    with running(config.current(), registry=Registry(), config=config) as server:
        server.call(_remembered(server.services.recent))
        yield server


async def _remembered(recent: RecentOperations) -> None:
    for name, (record, *_) in SLOW.items():
        recent.operation_finished(replace(record, request_id=f"slow-{name}"))
    recent.operation_finished(replace(BOOK, request_id="book"))


def row(page: Page, request_id: str) -> Locator:
    return page.locator(f"#operations [data-request='{request_id}']")


async def test_each_cause_is_told_with_what_to_do_and_where(browser: Browser, slow: RunningServer) -> None:
    async with visited(browser, f"{slow.url}/app/analytics") as page:
        await page.locator("#operations-more").click()
        for name, (_, words, place) in SLOW.items():
            found = row(page, f"slow-{name}")
            await expect(found).to_have_attribute("data-cause", name)
            await found.locator("summary").click()
            await expect(found.locator(".why")).to_contain_text(words)
            if name == "received":
                await expect(found.locator(".times")).to_have_text("first sound after 7.1 sec7.6 sec in all")
            links = found.locator(".reason a")
            await expect(links).to_have_text([f"Open {place}"] if place else [])
        await row(page, "slow-load").get_by_role("link", name="Open Settings").click()
        await expect(page.locator("main")).to_have_attribute("data-page", "settings")
        await expect(page.locator("[data-key='engines.preload'] :is(input, textarea)")).to_be_focused()
        await expect(page.locator("#search")).to_have_value("engines.preload")
        await page.fill("#search", "usage")
        await expect(page).not_to_have_url(re.compile("search"))


async def test_the_slowest_are_those_that_people_waited_for(browser: Browser, slow: RunningServer) -> None:
    async with visited(browser, f"{slow.url}/app/analytics") as page:
        first = page.locator("#operations details").first
        await expect(first).to_have_attribute("data-request", "slow-length")
        await page.get_by_label("Work in the background").check()
        await expect(first).to_have_attribute("data-request", "book")
        await first.locator("summary").click()
        await expect(first).to_contain_text("nobody waits")


async def test_an_id_that_was_pasted_finds_its_request(browser: Browser, slow: RunningServer) -> None:
    async with visited(browser, f"{slow.url}/app/analytics") as page:
        await page.wait_for_selector(READY)
        await page.fill("#find-request", "X-Request-ID: slow-queue")
        await page.press("#find-request", "Enter")
        await expect(page.locator("#operations-state")).to_have_text("Requests with this id: 1")
        await expect(row(page, "slow-queue")).to_have_attribute("open", "")
        await expect(row(page, "slow-queue").locator("summary")).to_be_focused()
        picture = row(page, "slow-queue").locator("summary svg")
        await expect(picture).to_have_attribute(
            "aria-label",
            "Where the time went: waiting for a place 1.9 sec, engine at work 300 ms, anything else 400 ms",
        )
        await page.reload()
        await expect(row(page, "slow-queue").locator(".why")).to_be_visible()
        await page.fill("#find-request", "Request 0123456789abcdef.")
        await page.press("#find-request", "Enter")
        await expect(page.locator("#operations-state")).to_contain_text("Nothing with this id")
        await page.get_by_role("button", name="Show all").click()
        await expect(page.locator("#operations details")).to_have_count(10)
        await expect(page).not_to_have_url(re.compile("request"))


async def test_what_was_asked_for_before_does_not_come_in_the_place_of_an_id(
    browser: Browser, slow: RunningServer
) -> None:
    held: list[Route] = []
    async with visited(browser, f"{slow.url}/app/home") as page:
        await page.route("**/analytics/operations?order=slowest*", lambda route: held.append(route))
        await page.click("nav a[data-page=analytics]")
        await page.locator("#operations-legend li").first.wait_for()
        await page.fill("#find-request", "slow-queue")
        await page.press("#find-request", "Enter")
        await expect(row(page, "slow-queue")).to_have_attribute("open", "")
        for route in held:
            await route.continue_()
        await page.locator("#figures dd").first.wait_for()
        await expect(page.locator("#operations details")).to_have_count(1)
        await expect(page.locator("#find-request")).to_have_value("slow-queue")


async def test_a_request_that_failed_is_found_by_the_id_of_its_answer(browser: Browser, slow: RunningServer) -> None:
    async with visited(browser, f"{slow.url}/app/analytics") as page:
        await page.wait_for_selector(READY)
        request_id = await page.evaluate(f"fetch('/tts', {ASKED}).then((answer) => answer.headers.get('X-Request-ID'))")
        await page.select_option("#which [name=order]", "failed")
        found = row(page, request_id)
        await found.locator("summary").press("Enter")
        await expect(found.locator(".why")).to_have_text("It failed: unknown_voice.")
        await expect(found.locator(".reason")).to_contain_text("the answer has said what")


async def test_rows_can_be_read_from_right_to_left_and_on_a_phone(browser: Browser, slow: RunningServer) -> None:
    context = await patient_context(browser, viewport={"width": 320, "height": 700}, locale="fa")
    page = await context.new_page()
    await page.goto(f"{slow.url}/app/analytics?request=slow-load")
    await expect(row(page, "slow-load").locator(".why")).to_contain_text("هنوز بار نشده بود")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await context.close()


async def test_the_cache_and_what_is_not_kept_are_told_in_the_language_of_the_page(
    browser: Browser, slow: RunningServer
) -> None:
    context = await patient_context(browser, locale="fa")
    page = await context.new_page()
    await page.goto(f"{slow.url}/app/analytics")
    await expect(page.locator("#cache tbody")).to_contain_text("حافظهٔ اصلی")
    await expect(page.locator("#cache tbody")).to_contain_text("کار می‌کند")
    await expect(page.locator("#cache")).not_to_contain_text(re.compile(r"\b(memory|disk|up)\b"))
    await page.locator("#forecast a").click()
    await expect(page.locator("[data-key='usage.enabled'] select")).to_be_focused()
    await context.close()


@pytest.fixture(scope="module")
def lame(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Its engine speaks slower than one listens, and fails at one word."""
    options = {"tone": {"speed": 0.08, "fail_on": "broken"}}
    sections = {"tts": {"order": ["tone"]}, "stt": {"order": ["echo"]}, "engines": {"options": options}}
    config = configured(tmp_path_factory.mktemp("lame"), **sections)
    with running(config.current(), registry=registry(), config=config) as server:
        yield server


async def test_speak_and_the_banner_of_a_failure_lead_to_why(browser: Browser, lame: RunningServer) -> None:
    async with visited(browser, f"{lame.url}/app/speak") as page:
        await page.wait_for_selector(READY)
        await page.fill("#speak-text", "Hello.")
        await page.click("#speak-button")
        await page.locator("#history li").wait_for()
        await page.get_by_role("link", name="Why did this take so long?").click()
        opened = page.locator("#operations details[open]")
        await expect(opened.locator(".why")).to_contain_text("tone is slow on this machine")
        await page.go_back()
        await page.fill("#speak-text", "It is broken.")
        await page.click("#speak-button")
        await page.locator("#notice").get_by_role("link", name="Why?").click()
        await expect(page.locator("main")).to_have_attribute("data-page", "analytics")
        await expect(opened.locator(".why")).to_have_text("It failed: engine_failed.")
        await opened.get_by_role("link", name="Open Engines").click()
        await page.locator("[data-engine=tone]").wait_for()
