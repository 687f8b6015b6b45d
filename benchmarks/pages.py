"""The pages in Chromium: how fast they are there, how soon they speak, and whether they light up what is heard.

Needs the packages of `requirements/clients.txt` and Chromium.
"""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import numpy as np

from benchmarks.client import fetch
from benchmarks.result import Row, milliseconds, quantile
from benchmarks.server import HOST, running

LOADS, CLICKS = 9, 12
RATE = 24_000
FRAME = 240
"""Samples of a hundredth of a second."""
PAINT_SECONDS, LOAD_BYTES, SOUND_SECONDS, LIT_SECONDS = 0.4, 120_000, 0.08, 0.08
ITEMS, SCROLL_SECONDS, FRAME_MS, FRAMES_SHARE = 10_000, 5, 16, 0.95
SENTENCES = (
    "The birch canoe slid on the smooth planks.",
    "Glue the sheet to the dark blue background.",
    "It is easy to tell the depth of a well.",
    "Nobody came.",
    "These days a chicken leg is a rare dish.",
)
Envelope = np.ndarray[Any, np.dtype[np.float64]]
READY = "html[data-ready]"
WATCH = """
{
  const log = (window.log = { sent: 0, first: 0, lit: [] });
  const pcm = [];
  let began = null;
  const Real = WebSocket;
  window.WebSocket = class extends Real {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        if (typeof data === "string") return;
        log.first ||= performance.now();
        pcm.push(new Uint8Array(data.slice(0)));
      });
    }
    send(data) {
      if (String(data).includes('"type":"text"')) log.sent = performance.now();
      super.send(data);
    }
  };
  const start = AudioBufferSourceNode.prototype.start;
  AudioBufferSourceNode.prototype.start = function (when = 0, ...rest) {
    began ??= { context: this.context, when };
    start.call(this, when, ...rest);
  };
  /** Milliseconds of the sound that have come out of the loudspeaker, as the time stamps of the output tell. */
  const position = () => {
    const { contextTime, performanceTime } = began.context.getOutputTimestamp();
    return (contextTime - began.when) * 1000 + performance.now() - performanceTime;
  };
  /** When the first sound came out of it; and all of it. A device that stumbles meanwhile moves its clock. */
  window.heard = () => ({ sound: log.sound, pcm: btoa(pcm.map((each) => String.fromCharCode(...each)).join("")) });
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      if (target.className !== "now") continue;
      log.sound ||= performance.now() - position();
      log.lit.push([target.textContent.trim(), position()]);
    }
  }).observe(document, { subtree: true, attributes: true, attributeFilter: ["class"] });
}
"""
"""Notes when text is sent, its first audio comes and is heard, and what lights up when."""
SCROLL = """async (seconds) => {
  const box = document.querySelector("#items");
  const channel = new MessageChannel();
  const after = () => new Promise((resolve) => {
    channel.port1.onmessage = resolve;
    channel.port2.postMessage(0);
  });
  const frames = [];
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    await new Promise(requestAnimationFrame);
    const began = performance.now();
    box.scrollTop += 400;
    await new Promise(requestAnimationFrame);
    await after();
    frames.push(performance.now() - began);
  }
  return frames;
}"""
"""Scrolls through the items: milliseconds of each step until the frame after it was drawn, less one frame."""


def run() -> list[Row]:
    with running({"tts": {"order": ["espeak"]}, "limits": {"json_bytes": 50_000_000}}) as server:
        return asyncio.run(_measured(server.port))


async def _measured(port: int) -> list[Row]:
    async with _browser() as browser:
        return [*await _loading(browser, port), *await _speaking(browser, port), await _scrolling(browser, port)]


@asynccontextmanager
async def _browser() -> AsyncIterator[Any]:
    from playwright.async_api import async_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            await browser.close()


async def _loading(browser: Any, port: int) -> list[Row]:
    """Each load in a browser that has never been here."""
    paints, sizes = [], []
    for _ in range(LOADS):
        context = await browser.new_context()
        page = await context.new_page()
        await page.goto(f"http://{HOST}:{port}/")
        await page.wait_for_selector(READY)
        paints.append(await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime") / 1000)
        entries = "performance.getEntriesByType('navigation').concat(performance.getEntriesByType('resource'))"
        sizes.append(await page.evaluate(f"{entries}.reduce((sum, {{ transferSize }}) => sum + transferSize, 0)"))
        await context.close()
    paint, size = quantile(paints[1:], 0.5), max(sizes)
    return [
        Row(
            "first contentful paint of Home, p50",
            f"< {PAINT_SECONDS * 1000:.0f} ms",
            milliseconds(paint),
            paint < PAINT_SECONDS,
            {"home_paint_p50_s": paint},
        ),
        Row(
            "bytes of its first load, with what it asks the API",
            f"< {LOAD_BYTES / 1000:.0f} KB",
            f"{size / 1000:.1f} KB",
            size < LOAD_BYTES,
            {"home_load_bytes": size},
        ),
    ]


async def _speaking(browser: Any, port: int) -> list[Row]:
    text = " ".join(SENTENCES)
    alone = [await _alone(port, sentence) for sentence in SENTENCES]
    beyond, late = [], []
    context = await browser.new_context(locale="en-US")
    page = await context.new_page()
    await page.add_init_script(WATCH)
    for _ in range(CLICKS):
        await page.goto(f"http://{HOST}:{port}/app/speak")
        await page.wait_for_selector(READY)
        await page.fill("#speak-text", text)
        clicked = await page.evaluate(
            "() => { const at = performance.now(); document.querySelector('#speak-button').click(); return at; }"
        )
        await page.wait_for_function("() => document.querySelector('#reading').hidden", timeout=60_000)
        log = await page.evaluate("window.log") | await page.evaluate("window.heard()")
        starts = _starts(_envelope(base64.b64decode(log["pcm"])), alone)
        beyond.append((log["sound"] - clicked - (log["first"] - log["sent"])) / 1000)
        lit = dict(reversed(log["lit"]))
        first_words = [sentence.split()[0] for sentence in SENTENCES]
        late += [lit[word] / 1000 - at for word, at in zip(first_words, starts, strict=True)]
    await context.close()
    sound, worst = quantile(beyond[1:], 0.5), max(map(abs, late))
    return [
        Row(
            "click on Speak -> sound, beyond the server's first byte, p50",
            f"< {SOUND_SECONDS * 1000:.0f} ms",
            milliseconds(sound),
            sound < SOUND_SECONDS,
            {"click_to_sound_p50_s": sound},
        ),
        Row(
            f"words light up against the sound, first of each sentence, worst of {len(late)}",
            f"<= {LIT_SECONDS * 1000:.0f} ms",
            milliseconds(worst),
            worst <= LIT_SECONDS,
            {"lit_worst_s": worst},
        ),
    ]


def _starts(whole: Envelope, alone: Sequence[Envelope]) -> list[float]:
    """Seconds at which each sentence is heard: where the sound of it alone fits best into that of all."""
    starts, at = [], 0
    for sentence in alone:
        pattern = sentence[np.flatnonzero(sentence > sentence.max() * 0.06)[0] :][:60]
        places = range(at, len(whole) - len(pattern))
        fits = [np.corrcoef(pattern, whole[place : place + len(pattern)])[0, 1] for place in places]
        at += int(np.nanargmax(fits))
        starts.append(at * FRAME / RATE)
    return starts


async def _alone(port: int, text: str) -> Envelope:
    body = {"text": text, "engine": "espeak", "format": "pcm", "sample_rate": RATE}
    return _envelope(await fetch(port, "POST", "/tts", json.dumps(body).encode()))


def _envelope(pcm: bytes) -> Envelope:
    samples = np.abs(np.frombuffer(pcm, "<i2").astype(np.float64))
    loudest: Envelope = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME).max(axis=1)
    return loudest


async def _scrolling(browser: Any, port: int) -> Row:
    body = {"name": "many", "format": "mp3", "items": [f"Number {number}." for number in range(ITEMS)]}
    job = json.loads(await fetch(port, "POST", "/jobs/speech", json.dumps(body).encode()))["id"]
    await fetch(port, "POST", f"/jobs/{job}/pause")
    context = await browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-US")
    page = await context.new_page()
    await page.goto(f"http://{HOST}:{port}/app/jobs")
    await page.wait_for_selector(READY)
    await page.get_by_role("button", name="Items").click()
    await page.wait_for_selector("#items .item")
    frames = await page.evaluate(SCROLL, SCROLL_SECONDS)
    await context.close()
    return _frames(frames)


def _frames(frames: Sequence[float]) -> Row:
    """Leaves one frame of each step out, which is waiting for the screen: it draws sixty a second."""
    share = sum(frame - 1000 / 60 < FRAME_MS for frame in frames) / len(frames)
    return Row(
        f"Jobs with {ITEMS:,} items: steps of scrolling drawn within {FRAME_MS} ms",
        f">= {FRAMES_SHARE:.0%}",
        f"{share:.1%} of {len(frames)}",
        share >= FRAMES_SHARE,
        {"scroll_share": share},
    )
