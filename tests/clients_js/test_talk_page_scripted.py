"""The talk page before a scripted server: what it does with every word of the protocol, and when the line drops."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.clients_js.browser import chromium, launched, visited
from tests.clients_js.scripted import Line, ScriptedServer, scripted

pytestmark = [
    pytest.mark.skipif(chromium() is None, reason="chromium is not installed"),
    pytest.mark.asyncio(loop_scope="module"),
]

READY = "html[data-ready]"
FOCUSED = "() => { const e = document.activeElement; return e.id || e.name || e.tagName }"
LEVEL = "document.getElementById('reply-level').value"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with launched() as browser:
        yield browser


@asynccontextmanager
async def talking(browser: Browser) -> AsyncIterator[tuple[Page, ScriptedServer]]:
    async with scripted() as (server, port), visited(browser, f"http://127.0.0.1:{port}/talk") as page:
        await page.wait_for_selector(READY)
        yield page, server


async def write(page: Page, text: str = "hello") -> None:
    await page.fill("#text", text)
    await page.keyboard.press("Enter")


async def connected(page: Page, server: ScriptedServer) -> Line:
    await write(page)
    line = await server.line()
    await line.create()
    assert (await line.next("text"))["text"] == "hello"
    return line


async def test_a_reply_is_dropped_at_once_and_late_frames_of_it_are_not_played(browser: Browser) -> None:
    async with talking(browser) as (page, server):
        line = await connected(page, server)
        await line.say("reply.start", turn=1, generation=1, spoken=True)
        await line.sound(1, 8.0)
        await page.wait_for_function(f"() => {LEVEL} > 0.5")
        await line.say("interrupted", generation=1, heard_ms=400)
        await line.sound(1, 1.0)
        await page.wait_for_function(f"() => {LEVEL} === 0")
        await line.say("reply.start", turn=2, generation=2, spoken=True)
        await line.sound(2, 0.2)
        await page.wait_for_function(f"() => {LEVEL} > 0.5")
        await line.sound(1, 4.0)
        await page.wait_for_function(f"() => {LEVEL} === 0")
        played = await line.next("played")
        while played["generation"] != 2 or played["ms"] < 200:
            assert played["generation"] == 2 or played["ms"] < 8000
            played = await line.next("played")
        assert played["ms"] == 200


async def test_a_reply_that_was_interrupted_by_nothing_goes_on(browser: Browser) -> None:
    async with talking(browser) as (page, server):
        line = await connected(page, server)
        await line.say("reply.start", turn=1, generation=1, spoken=True)
        await line.sound(1, 4.0)
        await page.wait_for_function(f"() => {LEVEL} > 0.5")
        await line.say("interrupted", generation=1, heard_ms=320)
        await page.wait_for_function(f"() => {LEVEL} === 0")
        await line.say("resumed", generation=1)
        await line.sound(1, 0.4)
        await page.wait_for_function(f"() => {LEVEL} > 0.5")
        while (played := await line.next("played"))["ms"] != 720:
            pass
        assert played["generation"] == 1


async def test_a_reply_is_turned_down_while_somebody_may_be_speaking(browser: Browser) -> None:
    async with talking(browser) as (page, server):
        line = await connected(page, server)
        await line.sound(1, 20.0)
        await page.wait_for_function(f"() => {LEVEL} > 0.95")
        await line.say("duck", generation=1)
        await page.wait_for_function(f"() => {LEVEL} > 0 && {LEVEL} < 0.8")
        await line.say("unduck", generation=1)
        await page.wait_for_function(f"() => {LEVEL} > 0.95")


async def test_captions_grow_and_what_was_not_heard_is_told_apart(browser: Browser) -> None:
    async with talking(browser) as (page, server):
        line = await connected(page, server)
        await line.say("speech_start", turn=1, at_ms=0)
        await line.say("partial", turn=1, stable_delta="good", tail=" mourning")
        await line.say("partial", turn=1, stable_delta=" morning", tail=" too")
        await page.wait_for_selector("main[data-state=hearing]")
        await page.wait_for_function("() => document.querySelector('.tail')?.textContent === ' too'")
        await expect(page.locator(".you[aria-busy] > p")).to_have_text("good morning too")
        await line.say("speech_end", turn=1, at_ms=900)
        await line.say("transcript", turn=1, text="good morning to you", start_ms=0, end_ms=900)
        await line.say("reply.start", turn=1, generation=1, spoken=True)
        await line.say("reply.delta", generation=1, text="One two <b>three</b> four")
        await line.say(
            "reply.done", turn=1, generation=1, status="interrupted",
            text="One two <b>three</b> four", heard="One  two", seconds=1,
        )  # fmt: skip
        await page.wait_for_selector(".reply[data-mark=cut]")
        await expect(page.locator(".reply .unheard")).to_have_text(" <b>three</b> four")
        await expect(page.locator(".you > p")).to_have_text(["hello", "good morning to you"])


async def test_a_reply_that_failed_says_why_and_has_no_bar(browser: Browser) -> None:
    async with talking(browser) as (page, server):
        line = await connected(page, server)
        await line.say("reply.start", turn=1, generation=1, spoken=True)
        error = {"code": "reply_failed", "message": "Nobody answers.", "retryable": True}
        await line.say(
            "reply.done", turn=1, generation=1, status="failed", text="", heard="", seconds=0, error=error
        )  # fmt: skip
        metrics = ("transcript_ms", "first_token_ms", "first_audio_ms", "first_byte_ms")
        await line.say("turn_metrics", turn=1, generation=1, speculative=False, **dict.fromkeys(metrics))
        await line.say("reply.start", turn=2, generation=2, spoken=True)
        await line.say("reply.done", turn=2, generation=2, status="interrupted", text=" One. ", heard="One.", seconds=1)
        await page.wait_for_selector(".reply[data-mark=cut]")
        await expect(page.locator(".reply > p")).to_have_text(["The reply failed: Nobody answers.", "One."])
        await expect(page.locator(".unheard:not(:empty), .timing")).to_have_count(0)


async def test_a_page_that_is_loaded_again_goes_on_with_its_session(browser: Browser) -> None:
    async with talking(browser) as (page, server):
        await connected(page, server)
        await page.reload()
        await page.wait_for_selector(READY)
        await write(page)
        line = await server.line()
        assert line.query["session"] == "s1"
        await line.create(resumed=True, history=2)
        await page.wait_for_selector("#link[data-link=open]")
        await expect(page.locator(".note")).to_have_text("The conversation goes on.", use_inner_text=True)


async def test_a_key_is_asked_for_until_it_is_right_and_what_was_written_is_sent(browser: Browser) -> None:
    async with talking(browser) as (page, server):
        server.info_status, server.refuses = 401, True
        await write(page)
        await page.fill("#key[open] input[name=key]", "wrong")
        await page.keyboard.press("Enter")
        await page.wait_for_function("() => document.querySelector('#key-who').textContent.includes('does not know')")
        server.info_status, server.refuses = 200, False
        await page.fill("#key[open] input[name=key]", "right")
        await page.keyboard.press("Enter")
        line = await server.line()
        assert line.protocols == ["realtime", "openai-insecure-api-key.right"]
        await line.create()
        assert (await line.next("text"))["text"] == "hello"


async def test_the_microphone_shows_whether_it_is_live(browser: Browser) -> None:
    async with talking(browser) as (page, server):
        await page.wait_for_selector("#talk[data-microphone=ready]")
        await page.click("#talk")
        await page.wait_for_selector("#talk[data-microphone=live]")
        await (await server.line()).create()
        await page.wait_for_selector("main[data-state=listening]")
        await page.click("#talk")
        await page.wait_for_selector("#talk[data-microphone=off]")


async def test_a_turn_without_words_leaves_nothing(browser: Browser) -> None:
    async with talking(browser) as (page, server):
        line = await connected(page, server)
        await line.say("speech_start", turn=1, at_ms=0)
        await page.wait_for_selector(".you:nth-child(2)")
        await line.say("transcript", turn=1, text="", start_ms=0, end_ms=900)
        await page.wait_for_selector(".you:nth-child(2)", state="detached")


async def test_a_dropped_connection_comes_back_with_its_session(browser: Browser) -> None:
    async with talking(browser) as (page, server):
        line = await connected(page, server)
        assert "session" not in line.query
        await line.drop()
        await page.wait_for_selector("main[data-state=waiting]")
        again = await server.line()
        assert again.query["session"] == "s1"
        await again.create(resumed=True, history=1)
        await page.wait_for_selector("#link[data-link=open]")
        await expect(page.locator(".note")).to_have_text("Connected again.", use_inner_text=True)
        await write(page, "still there?")
        assert (await again.next("text"))["text"] == "still there?"


async def test_what_was_written_while_it_was_away_is_sent_when_it_is_back(browser: Browser) -> None:
    async with talking(browser) as (page, server):
        line = await connected(page, server)
        await line.drop()
        await page.wait_for_selector("main[data-state=waiting]")
        again = await server.line()
        await write(page, "meanwhile")
        await again.create(resumed=True, history=1)
        assert (await again.next("text"))["text"] == "meanwhile"


async def test_errors_are_told_and_a_fatal_one_ends_it(browser: Browser) -> None:
    async with talking(browser) as (page, server):
        line = await connected(page, server)
        error = {"code": "unknown_voice", "retryable": False, "request_id": "r"}
        await line.say("error", message="There is no such voice.", fatal=False, **error)
        await page.wait_for_selector("#notice:not([hidden])")
        await expect(page.locator("#notice-text")).to_have_text(
            re.compile(r"^There is no such voice\. Choose another one"), use_inner_text=True
        )
        await page.click("#notice-close")
        await expect(page.locator("#notice")).to_be_hidden()
        await line.say("error", message="It is over.", fatal=True, **error)
        await page.wait_for_selector("main[data-state=off]")
        await expect(page.locator("#notice-text")).to_have_text(re.compile(r"^It is over\."), use_inner_text=True)
        await line.over.wait()


async def test_a_conversation_that_is_refused(browser: Browser) -> None:
    async with talking(browser) as (page, server):
        server.refuses = True
        await write(page)
        await page.wait_for_selector("#notice:not([hidden])")
        await expect(page.locator("#notice-title")).to_have_text("The server is busy", use_inner_text=True)


async def test_a_key_that_may_only_read_is_told_so(browser: Browser) -> None:
    async with talking(browser) as (page, server):
        server.refuses, server.role = True, "read"
        await write(page)
        await page.wait_for_selector("#notice:not([hidden])")
        await expect(page.locator("#notice-text")).to_contain_text("neither speak nor listen", use_inner_text=True)


async def test_settings_change_a_conversation_that_runs(browser: Browser) -> None:
    async with talking(browser) as (page, server):
        line = await connected(page, server)
        await page.click("#open-settings")
        await page.fill("input[name=model]", "small")
        await page.uncheck("input[name=interrupt]")
        await page.keyboard.press("Escape")
        config = (await line.next("session.update"))["config"]
        assert (config["model"], config["interrupt"]) == ("small", False)
        await page.select_option("#options select[name=language]", "de")
        assert (await line.next("session.update"))["config"]["language"] == "de"
        await page.select_option("select[name=voice]", "de")
        assert (await line.next("session.update"))["config"]["voice"] == "de"
        await page.reload()
        await page.wait_for_selector(READY)
        await write(page)
        again = await server.line()
        assert (again.query["language"], again.query["voice"], again.query["interrupt"]) == ("de", "de", "false")


async def test_the_key_stays_in_the_tab(browser: Browser) -> None:
    async with talking(browser) as (page, server):
        await page.click("#open-key")
        await page.fill("#key input[name=key]", "sesame")
        await page.click("#key button[value=use]")
        await write(page)
        line = await server.line()
        assert line.protocols == ["realtime", "openai-insecure-api-key.sesame"]
        assert await page.evaluate("() => localStorage.length") == 0
        await expect(page).not_to_have_url(re.compile("sesame"))


async def test_what_is_said_while_it_connects_is_not_lost(browser: Browser) -> None:
    async with talking(browser) as (page, server):
        await page.click("#talk")
        line = await server.line()
        await page.wait_for_function("() => document.getElementById('your-level').value > 0")
        await page.wait_for_timeout(500)
        await line.create()
        assert np.abs(np.frombuffer(await line.hear(16_000), np.int16)).max() > 3000
        await page.click("#talk")
        await page.wait_for_selector("main[data-state=quiet]")


async def test_everything_can_be_done_with_the_keyboard(browser: Browser) -> None:
    async with talking(browser) as (page, server):
        order = []
        await page.focus("#main")
        for _ in range(12):
            await page.keyboard.press("Tab")
            order.append(await page.evaluate(FOCUSED))
        choices = ["SUMMARY", "language", "voice", "tts", "stt", "reply", "webrtc"]
        assert order == ["open-settings", *choices, "said", "talk", "text", "BUTTON"]
        await page.focus("#talk")
        await page.keyboard.press("Space")
        line = await server.line()
        await line.create()
        await page.wait_for_selector("#talk[aria-pressed=true]")
        await page.keyboard.press("Space")
        await page.wait_for_selector("#talk[aria-pressed=false]")


@pytest.mark.parametrize(("width", "height"), [(1100, 760), (360, 640), (320, 480)])
async def test_it_fits_its_window(browser: Browser, width: int, height: int) -> None:
    async with talking(browser) as (page, server):
        await page.set_viewport_size({"width": width, "height": height})
        line = await connected(page, server)
        await line.say("transcript", turn=1, text="long " * 300 + "l" * 200, start_ms=0, end_ms=1)
        await page.wait_for_selector(".you:nth-child(2) span:not(:empty)")
        sizes = await page.evaluate("() => [document.body.scrollWidth, document.documentElement.scrollHeight]")
        assert sizes == [width, height]
        await page.wait_for_function(
            "() => { const m = document.getElementById('said'); "
            "return m.scrollTop > 0 && m.scrollHeight - m.scrollTop - m.clientHeight < 2 }"
        )
        for button in ("#talk", "#text", "#stop", "#open-settings"):
            assert await page.locator(button).evaluate(
                "(e) => { const r = e.getBoundingClientRect(); "
                "return r.left >= 0 && r.right <= innerWidth && r.bottom <= innerHeight }"
            )
        right = await page.locator("#reply-level").evaluate("(e) => e.getBoundingClientRect().right")
        assert right <= await page.locator("#stop").evaluate("(e) => e.getBoundingClientRect().left")
