"""Words of a text that is written from the right light up where they stand, while they are said."""

from __future__ import annotations

from itertools import pairwise

import pytest
from playwright.async_api import Browser, expect

from tests.clients_js.browser import visited
from tests.server import RunningServer

READY = "html[data-ready]"
WATCH = """
window.lit = [];
window.told = [];
{
  const Real = WebSocket;
  window.WebSocket = class extends Real {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        const event = typeof data === "string" ? JSON.parse(data) : {};
        if (event.type === "words" && event.measured) window.told.push(...event.words.map(({ text }) => text));
      });
    }
  };
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      if (target.className !== "now" || target.parentElement.id !== "reading") continue;
      const { left, right, top } = target.getBoundingClientRect();
      window.lit.push({ text: target.textContent.trim(), left, right, line: top + target.parentElement.scrollTop });
    }
  }).observe(document, { subtree: true, attributes: true, attributeFilter: ["class"] });
}
"""
"""Notes which words the engine tells, and which light up where on the screen."""
TEXTS = {
    "fa": "امروز هوا آفتابی است، و ما به باغ می‌رویم. کتابِ ۱۲ صفحه‌ای را «آرام» بخوانید!",
    "ar": "ذهب الولد إلى المدرسة صباحا. ثم عاد إلى البيت، ومعه كتاب جديد.",
}


@pytest.mark.parametrize("interface", ["en", "fa"])
@pytest.mark.parametrize("language", TEXTS)
async def test_words_light_up_one_after_the_other_from_the_right(
    browser: Browser, server: RunningServer, interface: str, language: str
) -> None:
    text = TEXTS[language]
    async with visited(browser, f"{server.url}/app/home") as page:
        await page.context.add_cookies([{"name": "stts-language", "value": interface, "url": server.url}])
        await page.add_init_script(WATCH)
        await page.goto(f"{server.url}/app/speak")
        await page.wait_for_selector(READY)
        await page.select_option("[name=engine]", "espeak")
        await page.select_option("#speak [name=language]", language)
        await page.select_option("#speak [name=voice]", language)
        await page.fill("#speak-text", text)
        await page.click("#speak-button")
        await page.wait_for_selector("#reading .now")
        assert await page.locator("#reading").evaluate("(place) => getComputedStyle(place).direction") == "rtl"
        await expect(page.locator("#reading")).to_be_hidden()
        lit, told = await page.evaluate("window.lit"), await page.evaluate("window.told")
    words = [each for each in lit if each["text"] in text.split()]  # a sentence is lit until its words are known
    assert told == text.split()
    # A browser that has no time for a frame passes over words, and never goes back.
    assert [each["text"] for each in words] == _in_order([each["text"] for each in words], text.split())
    assert words[-1]["text"] == text.split()[-1]
    for before, after in pairwise(words):
        if before["line"] == after["line"]:
            assert after["right"] <= before["left"] + 1, (before, after)


def _in_order(found: list[str], all_of_them: list[str]) -> list[str]:
    """Those of the words that are found there one behind the other."""
    rest = iter(all_of_them)
    return [word for word in found if word in rest]
