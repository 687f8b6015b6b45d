"""The talk page in Chromium, before the real server: a recording speaks, and what comes back is heard."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect

from stts.settings import Settings
from tests.clients_js.browser import chromium, opened
from tests.clients_js.conftest import Microphone
from tests.engines.speech import DATA, WORDS, share_heard
from tests.server import RunningServer, running

pytestmark = pytest.mark.skipif(chromium() is None, reason="chromium is not installed")

READY = "html[data-ready]"
CUT = ".reply[data-mark=cut]:has(p > span:first-child:not(:empty))"
SOUNDS = "() => document.getElementById('reply-level').value > 0.2"
SILENT = "() => document.getElementById('reply-level').value === 0"
LONG = (
    "You said {text}. Now listen to a long story, which goes on and on, until somebody has had enough of it and says "
    * 3
)


SPOKEN = "/spoken/"
SPEAKS = """navigator.mediaDevices.getUserMedia = async () => {
  const context = new AudioContext();
  const line = context.createMediaStreamDestination();
  window.say = async (address) => {
    const sound = context.createBufferSource();
    sound.buffer = await context.decodeAudioData(await (await fetch(address)).arrayBuffer());
    sound.connect(line);
    sound.start();
  };
  return line.stream;
};"""
"""A microphone that speaks when it is told to: a file has its pauses, which are too short for a busy machine."""


async def say(page: Page, name: str) -> None:
    await page.wait_for_function("() => window.say")
    await page.evaluate("(address) => window.say(address)", SPOKEN + name)


async def spoken(route: Route) -> None:
    await route.fulfill(body=(DATA / route.request.url.partition(SPOKEN)[2]).read_bytes())


async def wait(page: Page, condition: str) -> None:
    await page.wait_for_function(condition)


async def test_what_is_said_appears_and_the_reply_is_heard(server: RunningServer, microphone: Microphone) -> None:
    async with opened(f"{server.url}/talk?raw=1", microphone=microphone("weather.flac")) as page:
        await page.wait_for_selector(READY)
        await page.click("#talk")
        await wait(page, "() => document.getElementById('your-level').value > 0.2")
        await page.wait_for_selector(".you[aria-busy] span:not(:empty)")
        await page.wait_for_selector("main[data-state=speaking]")
        await wait(page, SOUNDS)
        said = await page.inner_text(".you > p")
        assert share_heard(WORDS["weather.flac"], said) >= 0.5, said
        await page.wait_for_selector(".reply:not([aria-busy])")
        await expect(page.locator(".reply > p")).to_have_text(said)
        label = await page.get_attribute(".timing .stretch", "aria-label")
        assert label is not None and [part.split()[0] for part in label.split(", ")] == [
            "Transcript", "Reply", "Voice", "Sent", "Heard",
        ]  # fmt: skip
        await page.wait_for_selector("main[data-state=listening]")
        await wait(page, SILENT)


async def test_speaking_over_a_reply_stops_it(tmp_path: Path) -> None:
    settings = {"storage": {"root": str(tmp_path)}, "reply": {"adapter": "template", "template": LONG}}
    flags = ("--autoplay-policy=no-user-gesture-required",)
    with running(Settings.model_validate(settings)) as server:
        async with opened(f"{server.url}/app/home", flags=flags) as page:
            await page.route(f"**{SPOKEN}*", spoken)
            await page.add_init_script(SPEAKS)
            await page.goto(f"{server.url}/talk?raw=1")
            await page.wait_for_selector(READY)
            await page.click("#talk")
            await say(page, "kitchen.flac")
            await wait(page, SOUNDS)
            await say(page, "weather.flac")
            await page.wait_for_selector(".reply[data-mark=held], .reply[data-mark=cut]")
            await wait(page, SILENT)
            await page.wait_for_selector(".reply[data-mark=cut]")
            # On a slow machine a reply may be cut before any of it was heard: the one that was heard is looked at.
            await page.wait_for_selector(f"{CUT} .unheard:not(:empty)")
            heard = await page.inner_text(f"{CUT} p > span:first-child")
            unheard = await page.inner_text(f"{CUT} .unheard")
            assert heard and unheard and "story" in heard + unheard
            await page.wait_for_selector(".reply:nth-child(n + 4)")
            second = " ".join(await page.locator(".you > p").all_inner_texts())
            assert share_heard(WORDS["weather.flac"], second) >= 0.5, second
            await wait(page, SOUNDS)


async def test_written_instead_of_spoken(server: RunningServer) -> None:
    async with opened(f"{server.url}/talk") as page:
        await page.wait_for_selector(READY)
        await page.fill("#text", "Good morning to you.")
        await page.keyboard.press("Enter")
        await wait(page, SOUNDS)
        await expect(page.locator(".you > p")).to_have_text("Good morning to you.", use_inner_text=True)
        await page.wait_for_selector(".reply:not([aria-busy])")
        await expect(page.locator(".reply > p")).to_have_text("Good morning to you.", use_inner_text=True)
        await expect(page.locator("#text")).to_have_value("")


async def test_a_reply_is_stopped_with_a_key(tmp_path: Path) -> None:
    settings = {"storage": {"root": str(tmp_path)}, "reply": {"adapter": "template", "template": LONG}}
    with running(Settings.model_validate(settings)) as server:
        async with opened(f"{server.url}/talk") as page:
            await page.wait_for_selector(READY)
            await page.fill("#text", "hello")
            await page.keyboard.press("Enter")
            await wait(page, SOUNDS)
            await page.keyboard.press("Escape")
            await wait(page, SILENT)
            await page.wait_for_selector(".reply[data-mark=cut] .unheard:not(:empty)")


async def test_a_microphone_that_is_not_allowed(server: RunningServer) -> None:
    async with opened(f"{server.url}/talk", allowed=False) as page:
        await page.wait_for_selector(READY)
        await page.click("#talk")
        await page.wait_for_selector("#notice:not([hidden])")
        await expect(page.locator("#notice-text")).to_contain_text("may not use it", use_inner_text=True)
        await expect(page.locator("#talk")).to_have_attribute("aria-pressed", "false")


@pytest.mark.parametrize("key", ["sesame", "open sésame/="])
async def test_a_server_with_a_key(tmp_path: Path, key: str) -> None:
    settings = {"storage": {"root": str(tmp_path)}, "security": {"api_key": key}}
    with running(Settings.model_validate(settings)) as server:
        async with opened(f"{server.url}/talk") as page:
            await enter_key(page, key)  # asked for where the page asks what there is to choose
            await page.fill("#text", "hello")
            await page.keyboard.press("Enter")
            await page.wait_for_selector(".reply:not([aria-busy])")
            await expect(page.locator("#notice")).to_be_hidden()
            await page.wait_for_selector("select[name=tts] option[value=espeak]", state="attached")


async def enter_key(page: Page, key: str) -> None:
    await page.fill("#key[open] input[name=key]", key)
    await page.click("#key button[value=use]")


async def test_voices_and_engines_of_the_server_can_be_chosen(server: RunningServer) -> None:
    async with opened(f"{server.url}/talk") as page:
        await page.wait_for_selector(READY)
        await page.wait_for_selector("select[name=tts] option[value=espeak]", state="attached")
        await page.wait_for_selector("select[name=stt] option[value=pocketsphinx]", state="attached")
        await page.select_option("#options select[name=language]", "en-GB")
        voices = await page.locator("select[name=voice] option").evaluate_all("all => all.map((one) => one.value)")
        assert voices[0] == "" and "en-gb" in voices and "de" not in voices


async def test_beyond_this_machine_a_microphone_needs_https(tmp_path: Path) -> None:
    settings = {"storage": {"root": str(tmp_path)}, "security": {"allowed_hosts": ["talk.example"]}}
    with running(Settings.model_validate(settings)) as server:
        url = server.url.replace("127.0.0.1", "talk.example")
        async with opened(f"{url}/talk", flags=("--host-resolver-rules=MAP talk.example 127.0.0.1",)) as page:
            await page.wait_for_selector(READY)
            await page.wait_for_selector("#notice:not([hidden])")
            await expect(page.locator("#notice-title")).to_have_text("The microphone needs https", use_inner_text=True)
            await expect(page.locator("#notice-text")).to_contain_text("server.tls_certificate", use_inner_text=True)
            await page.fill("#text", "but one can write")
            await page.keyboard.press("Enter")
            await wait(page, SOUNDS)
