"""Chromium with a recording as its microphone."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.patience import PATIENCE

VIOLATIONS = """document.addEventListener("securitypolicyviolation",
    (event) => console.error("Security Policy", event.violatedDirective, event.blockedURI))"""
"""Not every browser's driver tells of what a policy has kept away."""
WAIT_MS = 1000 * PATIENCE
"""For what happens within a second or two on an idle machine."""
expect.set_options(timeout=WAIT_MS)


def chromium() -> str | None:
    """Path of the system's own Chromium; None where it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@asynccontextmanager
async def launched(
    *, microphone: Path | None = None, allowed: bool = True, flags: tuple[str, ...] = ()
) -> AsyncIterator[Browser]:
    """`allowed`: whether pages get the microphone that they ask for; without a file, it beeps."""
    arguments = ["--no-sandbox", "--use-fake-device-for-media-stream", *flags]
    if allowed:
        arguments.append("--use-fake-ui-for-media-stream")
    if microphone is not None:
        arguments.append(f"--use-file-for-fake-audio-capture={microphone}%noloop")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=arguments)
        try:
            yield browser
        finally:
            await browser.close()


async def patient_context(browser: Browser, **options: Any) -> BrowserContext:
    """A context of which no page gives up on a machine that is only busy."""
    context = await browser.new_context(**options)
    context.set_default_timeout(WAIT_MS)
    return context


@asynccontextmanager
async def visited(browser: Browser, url: str) -> AsyncIterator[Page]:
    """A page of its own at this address. Fails for every error that the page does not handle."""
    context = await patient_context(browser, viewport={"width": 1100, "height": 760})
    await context.add_init_script(VIOLATIONS)
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if "Security Policy" in message.text else None)
    await page.goto(url)
    yield page
    await context.close()
    assert errors == []


@asynccontextmanager
async def opened(
    url: str, *, microphone: Path | None = None, allowed: bool = True, flags: tuple[str, ...] = ()
) -> AsyncIterator[Page]:
    """As `visited`, in a browser of its own."""
    async with launched(microphone=microphone, allowed=allowed, flags=flags) as browser, visited(browser, url) as page:
        yield page
