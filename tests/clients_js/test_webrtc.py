"""Chromium by WebRTC before the real server: the talk page on a call, and a page that speaks GPT-Live."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from stts.settings import Settings
from tests.clients_js.browser import chromium, opened
from tests.clients_js.conftest import Microphone
from tests.clients_js.test_talk_page import LONG, READY, SILENT, SOUNDS, wait
from tests.engines.speech import WORDS, share_heard
from tests.patience import PATIENCE
from tests.server import RunningServer, running

pytestmark = pytest.mark.skipif(chromium() is None, reason="chromium is not installed")


async def by_webrtc(page: Page) -> None:
    await page.check("input[name=webrtc]")


async def test_the_part_of_a_page_that_the_documentation_shows(server: RunningServer, microphone: Microphone) -> None:
    """As docs/webrtc.md has it, on a page with an element `audio`, until its first reply is done."""
    page_of = Path(__file__).parents[2] / "docs" / "webrtc.md"
    code = page_of.read_text(encoding="utf-8").partition("```js\n")[2].partition("```")[0]
    async with opened(f"{server.url}/talk", microphone=microphone("weather.flac")) as page:
        await page.wait_for_selector(READY)
        await page.evaluate("document.body.append(new Audio())")
        async with asyncio.timeout(PATIENCE):
            async with page.expect_console_message(lambda message: message.text == "response.done", timeout=0):
                await page.evaluate(f"async () => {{ const key = 'none';\n{code}\nwindow.call = connection; }}")


async def test_what_is_said_appears_and_the_reply_is_heard(server: RunningServer, microphone: Microphone) -> None:
    async with opened(f"{server.url}/talk?raw=1", microphone=microphone("weather.flac")) as page:
        await page.wait_for_selector(READY)
        await by_webrtc(page)
        await page.click("#talk")
        await page.wait_for_selector(".you[aria-busy] span:not(:empty)")
        await page.wait_for_selector("main[data-state=speaking]")
        await wait(page, SOUNDS)
        said = await page.inner_text(".you > p")
        assert share_heard(WORDS["weather.flac"], said) >= 0.5, said
        await page.wait_for_selector(".reply:not([aria-busy])")
        await expect(page.locator(".reply > p")).to_have_text(said)
        await page.wait_for_selector("main[data-state=listening]")
        await wait(page, SILENT)


async def test_a_reply_is_stopped_and_only_what_was_heard_of_it_is_kept(tmp_path: Path) -> None:
    settings = {"storage": {"root": str(tmp_path)}, "reply": {"adapter": "template", "template": LONG}}
    with running(Settings.model_validate(settings)) as server:
        async with opened(f"{server.url}/talk") as page:
            await page.wait_for_selector(READY)
            await by_webrtc(page)
            await page.fill("#text", "hello")
            await page.keyboard.press("Enter")
            await wait(page, SOUNDS)
            await page.keyboard.press("Escape")
            await wait(page, SILENT)
            await page.wait_for_selector(".reply[data-mark=cut] .unheard:not(:empty)")


async def test_a_server_that_takes_no_calls_says_so(tmp_path: Path) -> None:
    settings = {"storage": {"root": str(tmp_path)}, "webrtc": {"enabled": False}}
    with running(Settings.model_validate(settings)) as server:
        async with opened(f"{server.url}/talk") as page:
            await page.wait_for_selector(READY)
            await page.wait_for_selector("input[name=webrtc]:disabled")
            await expect(page.locator("#webrtc-hint")).to_contain_text("webrtc.enabled", use_inner_text=True)
            await page.fill("#text", "hello")
            await page.keyboard.press("Enter")
            await page.wait_for_selector(".reply:not([aria-busy])")


LIVE = """
async () => {
  const peer = new RTCPeerConnection();
  const media = await navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
  });
  peer.addTrack(media.getAudioTracks()[0], media);
  const context = new AudioContext();
  const meter = new AnalyserNode(context, { fftSize: 1024 });
  peer.ontrack = ({ track }) => {
    const stream = new MediaStream([track]);
    const element = new Audio();
    element.muted = true;
    element.srcObject = stream;
    element.play();
    context.createMediaStreamSource(stream).connect(meter);
  };
  const channel = peer.createDataChannel("live");
  window.live = { events: [], channel, level: () => {
    const window = new Float32Array(meter.fftSize);
    meter.getFloatTimeDomainData(window);
    return Math.max(...window.map(Math.abs));
  } };
  channel.onmessage = ({ data }) => window.live.events.push(JSON.parse(data));
  channel.onclose = () => (window.live.closed = true);
  await peer.setLocalDescription();
  const answer = await fetch("/v1/live/sessions", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      session: { model: "gpt-live-1", delegation: { type: "client" } },
      transport: { type: "webrtc", sdp: peer.localDescription.sdp },
    }),
  });
  const { session, transport } = await answer.json();
  await peer.setRemoteDescription({ type: "answer", sdp: transport.sdp });
  return session.id;
}
"""


async def test_a_page_speaks_gpt_live(server: RunningServer, microphone: Microphone) -> None:
    async with opened(f"{server.url}/talk", microphone=microphone("weather.flac")) as page:
        await page.wait_for_selector(READY)
        id = await page.evaluate(LIVE)
        assert id.startswith("live_")
        await wait(page, "() => live.events.some(({ type }) => type === 'session.delegation.created')")
        events = await page.evaluate("live.events")
        said = "".join(event["delta"] for event in events if event["type"] == "session.input_transcript.delta")
        assert share_heard(WORDS["weather.flac"], said) >= 0.5, said
        await page.evaluate(
            "live.channel.send(JSON.stringify({ type: 'session.commentary.append', content: 'It will be warm.', "
            "delegation_id: live.events.find(({ type }) => type === 'session.delegation.created').delegation.id }))"
        )
        await wait(page, "() => live.level() > 0.02")
        await page.evaluate("live.channel.send(JSON.stringify({ type: 'session.close' }))")
        await wait(page, "() => live.closed")
        types = await page.evaluate("live.events.map(({ type }) => type)")
    assert types[0] == "session.started" and types[-1] == "session.closed"
    assert "session.output_audio.delta" not in types
