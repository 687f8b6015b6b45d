"""Pictures of the pages for the documentation, at the width of a desk and of a phone, with some life in them.

`make pictures` makes those of `docs/pictures` anew: `python -m tests.clients_js.pictures FOLDER [LANGUAGE [SCHEME]]`.
"""

from __future__ import annotations

import asyncio
import base64
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, Page, ViewportSize, expect

from tests.audio import encoded
from tests.clients_js.browser import launched, patient_context
from tests.clients_js.living import Living, living
from tests.speakers import conversation

READY = "html[data-ready]"
QUALITY = 75
"""Per cent; letters stay sharp."""
Scheme = Literal["light", "dark"]
Scene = Callable[[Page, Living], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Screen:
    width: int
    height: int
    scale: float = 1.0
    """Pixels of the picture for one of the page."""


SCREENS: Mapping[str, Screen] = {"desktop": Screen(1280, 860), "phone": Screen(390, 844, 1.5)}


async def home(page: Page, living: Living) -> None:
    await page.set_input_files("#hear-file", living.recordings / "weather.flac")
    await page.wait_for_function("() => document.querySelector('#heard').textContent.split(/\\s+/).length >= 8")
    await page.locator("#engines tr").first.wait_for()


async def speak(page: Page, living: Living) -> None:
    await page.fill("#speak-text", "Good morning! The lamps go out.")
    await page.click("#speak-button")
    await page.locator("#history li").first.wait_for()
    await page.fill("#speak-text", living.passage)
    await page.click("#speak-button")
    await page.locator("#reading .said").first.wait_for()


async def listen(page: Page, living: Living) -> None:
    await page.check("[name=speakers]")
    samples, _ = conversation(3, 5)
    meeting = {"name": "meeting.wav", "mimeType": "audio/wav", "buffer": encoded(samples)}
    await page.set_input_files("[name=files]", [meeting])
    await page.locator(".segments .speaker").first.wait_for()


async def talk(page: Page, living: Living) -> None:
    await page.locator("#talk").wait_for()
    await page.click("#options summary")


async def voices(page: Page, living: Living) -> None:
    await page.locator("#library meter").first.wait_for()


async def jobs(page: Page, living: Living) -> None:
    """Comes last: the book is spoken from then on."""
    row = page.locator("#job-rows li", has_text="lighthouse")
    await page.locator("#job-rows li").first.wait_for()
    if await row.count() == 0:
        book = {"name": "lighthouse.md", "mimeType": "text/markdown", "buffer": living.book.encode()}
        await page.set_input_files("[name=file]", [book])
        await page.click("#new-job button[type=submit]")
    await expect(row).to_contain_text(re.compile("[2-9][0-9] (of|von|از)|[۲-۹][۰-۹] از"))


async def engines(page: Page, living: Living) -> None:
    await page.locator("[data-engine=hibari] .spark").first.wait_for()


async def analytics(page: Page, living: Living) -> None:
    await page.locator("#requests rect").nth(20).wait_for(state="attached")
    await page.locator("#usage table").wait_for()
    await page.locator("#operations [data-cause=load] summary").first.click()


async def settings(page: Page, living: Living) -> None:
    await page.fill("#search", "cache")
    await page.locator("[data-key^='cache.']").first.wait_for()


async def keys(page: Page, living: Living) -> None:
    await page.locator("#key-rows li").nth(1).wait_for()
    await page.locator("#audit tr").nth(2).wait_for()


SCENES: Mapping[str, Scene] = {
    "home": home,
    "speak": speak,
    "listen": listen,
    "talk": talk,
    "voices": voices,
    "engines": engines,
    "analytics": analytics,
    "settings": settings,
    "keys": keys,
    "jobs": jobs,
}


@asynccontextmanager
async def shown(
    browser: Browser, living: Living, name: str, language: str = "en", scheme: Scheme = "light"
) -> AsyncIterator[Page]:
    """One of the pages with its scene, for somebody who has the administrator's key."""
    screen = SCREENS["desktop"]
    size = ViewportSize(width=screen.width, height=screen.height)
    context = await patient_context(browser, viewport=size, locale=language, color_scheme=scheme)
    page = await context.new_page()
    await page.goto(f"{living.url}/app/{name}")
    await page.wait_for_selector("dialog#key[open]")
    await page.fill("[name=key]", living.key)
    await page.click("button[value=use]")
    await page.wait_for_selector(READY)
    await SCENES[name](page, living)
    await expect(page.locator("#notice")).to_be_hidden()
    yield page
    await context.close()


STARTS: Mapping[str, str] = {"analytics": "section:has(#operations)"}
"""The place that the picture of a page begins with, where that is not its top."""


async def pictured(page: Page, screen: Screen, name: str = "") -> bytes:
    """The top of the page on a screen, or what this page's picture begins with, as WebP."""
    await page.set_viewport_size(ViewportSize(width=screen.width, height=screen.height))
    await page.evaluate("scrollTo(0, 0)")
    if name in STARTS:
        await page.locator(STARTS[name]).evaluate("(place) => scrollTo(0, place.getBoundingClientRect().top - 16)")
    top = await page.evaluate("scrollY")
    session = await page.context.new_cdp_session(page)
    clip = {"x": 0, "y": top, "width": screen.width, "height": screen.height, "scale": screen.scale}
    taken = await session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY, "clip": clip})
    return base64.b64decode(taken["data"])


async def make(living: Living, folder: Path, language: str = "en", scheme: Scheme = "light") -> None:
    """Writes a picture of each page on each screen."""
    async with launched() as browser:
        for name in SCENES:
            async with shown(browser, living, name, language, scheme) as page:
                for width, screen in SCREENS.items():
                    await asyncio.to_thread(
                        (folder / f"{name}-{width}.webp").write_bytes, await pictured(page, screen, name)
                    )


if __name__ == "__main__":
    target, tongue, dark = [*sys.argv[1:], "en", "light"][:3]
    Path(target).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data_folder, living(Path(data_folder)) as lively:
        asyncio.run(make(lively, Path(target), tongue, "dark" if dark == "dark" else "light"))
