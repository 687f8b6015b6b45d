"""The pages as a stranger opens them: by a name of the network, over TLS through nginx. Without TLS that name would
give them no microphone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from stts.settings import SecuritySettings, Settings, StorageSettings
from tests.clients_js.browser import launched, visited
from tests.clients_js.conftest import Microphone
from tests.nginx import Nginx, running_nginx
from tests.server import running

NAME = "speech.test"


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    folder: Path = tmp_path_factory.mktemp("nginx")
    settings = Settings(
        storage=StorageSettings(root=str(folder / "data")), security=SecuritySettings(allowed_hosts=(NAME,))
    )
    with running(settings) as server, running_nginx(folder, server.url.removeprefix("http://")) as nginx:
        yield nginx


async def test_home_speaks_and_listens(nginx: Nginx, microphone: Microphone) -> None:
    flags = ("--ignore-certificate-errors", f"--host-resolver-rules=MAP {NAME} 127.0.0.1")
    async with (
        launched(microphone=microphone("weather.flac"), flags=flags) as browser,
        visited(browser, f"https://{NAME}:{nginx.port}/") as page,
    ):
        await page.wait_for_selector("html[data-ready]")
        await expect(page).to_have_url(f"https://{NAME}:{nginx.port}/app/home")
        assert await page.evaluate("isSecureContext")
        await page.fill("#say-text", "Good morning.")
        await page.click("#say-button")
        await page.wait_for_function("() => document.querySelector('#say-state').textContent.includes('Voice')")
        await page.click("#hear-button")
        await page.wait_for_function(
            "() => document.querySelector('#heard').textContent.trim().split(/\\s+/).length >= 3"
        )
