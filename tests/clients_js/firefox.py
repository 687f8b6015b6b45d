"""Debian's Firefox, driven as the other browser is; its microphone is the room of a sound server."""

from __future__ import annotations

import functools
import inspect
import shutil
import sys
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from playwright.async_api import Browser, Error, Playwright, async_playwright

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


class Firefox:
    """A browser that is replaced where it has hung: the bridge has ended it then."""

    def __init__(self, sound: SoundServer, folder: Path) -> None:
        """`folder`: where the program stands that Playwright starts for it."""
        self._sound = sound
        self._program = folder / "firefox"
        command = f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m {BRIDGE} "$@"\n'
        self._program.write_text(command, encoding="utf-8")
        self._program.chmod(0o755)
        self._starter = async_playwright()
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None

    async def __aenter__(self) -> Self:
        self._playwright = await self._starter.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if self._browser is not None:
            await self._browser.close()
        if self._playwright is not None:
            await self._playwright.stop()

    async def browser(self) -> Browser:
        """The one that runs; another where none does."""
        if self._browser is None or not self._browser.is_connected():
            assert self._playwright is not None
            self._browser = await self._playwright.firefox.launch(
                executable_path=self._program,
                channel="moz-firefox",  # by WebDriver BiDi: the protocol of Playwright's own build is in no other
                env=dict(self._sound.environment),
                firefox_user_prefs=SETTINGS,
            )
        return self._browser


Test = Callable[..., Awaitable[None]]
FIXTURE = "firefox_here"
"""Gives the Firefox of a module that wraps its tests in `once_more_where_it_hangs`."""


def once_more_where_it_hangs(test: Test) -> Test:
    """The same test. Where its browser was lost it begins anew, once, in another; what it finds wrong stays wrong."""

    @functools.wraps(test)
    async def tried(**given: Any) -> None:
        firefox: Firefox = given.pop(FIXTURE)
        try:
            await test(**given)
        except Error as error:
            if given["browser"].is_connected():
                raise
            why = str(error).partition("\n")[0]
            warnings.warn(f"Firefox hung in {test.__name__}, which begins anew: {why}", stacklevel=1)
            await test(**given | {"browser": await firefox.browser()})

    wanted = inspect.signature(test)
    added = inspect.Parameter(FIXTURE, inspect.Parameter.KEYWORD_ONLY)
    tried.__signature__ = wanted.replace(parameters=[*wanted.parameters.values(), added])  # type: ignore[attr-defined]
    return tried
