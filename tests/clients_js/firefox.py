"""Debian's Firefox, driven as the other browser is; its microphone is the room of a sound server."""

from __future__ import annotations

import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from tests.clients_js.sound_server import SoundServer

ROOT = Path(__file__).parent.parent.parent
BRIDGE = "tests.clients_js.firefox_bridge"
SETTINGS: dict[str, str | float | bool] = {
    "media.navigator.permission.disabled": True,  # pages get the microphone that they ask for
    "media.autoplay.default": 0,
    "app.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}
"""Its profile asks nobody and calls nowhere."""


def missing() -> str | None:
    """Name of the browser, where it is not installed."""
    return None if shutil.which("firefox-esr") or shutil.which("firefox") else "firefox-esr"


@asynccontextmanager
async def launched(sound: SoundServer, folder: Path) -> AsyncIterator[Browser]:
    """`folder`: where the program stands that Playwright starts for it."""
    program = folder / "firefox"
    command = f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m {BRIDGE} "$@"\n'
    program.write_text(command, encoding="utf-8")
    program.chmod(0o755)
    async with async_playwright() as playwright:
        browser = await playwright.firefox.launch(
            executable_path=program,
            channel="moz-firefox",  # by WebDriver BiDi: the protocol of Playwright's own build is in no other
            env=dict(sound.environment),
            firefox_user_prefs=SETTINGS,
        )
        try:
            yield browser
        finally:
            await browser.close()
