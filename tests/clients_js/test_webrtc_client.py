"""OpenAI's own client in Chromium, by WebRTC: three spoken turns of GPT-Live and of Realtime, one over a reply."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, Route

from tests.clients_js.browser import chromium, opened
from tests.clients_js.conftest import HERE
from tests.engines.speech import DATA
from tests.routers.compat.live.spoken import ANSWERS, STORY, talkative, understood
from tests.routers.compat.recordings import WEATHER
from tests.server import RunningServer, running

pytestmark = pytest.mark.skipif(chromium() is None, reason="chromium is not installed")

PACKAGE = HERE / "node_modules" / "openai"
TALK_MS = 120_000
SOUNDS = ("--autoplay-policy=no-user-gesture-required",)


@asynccontextmanager
async def page_with_the_client(server: RunningServer) -> AsyncIterator[Page]:
    """A page of the server, with the package and recordings beside it."""
    if not PACKAGE.is_dir():
        pytest.skip("node packages are not installed: `make test-clients`, or npm ci in tests/clients_js")

    def of(folder: Path, prefix: str) -> Any:
        async def fulfil(route: Route) -> None:
            path = folder / route.request.url.partition(prefix)[2]
            script = {"content_type": "text/javascript"} if path.suffix == ".mjs" else {}
            await route.fulfill(body=path.read_bytes(), **script)

        return fulfil

    async with opened(f"{server.url}/talk", flags=SOUNDS) as page:
        page.set_default_timeout(TALK_MS)
        for prefix, folder in (("/openai/", PACKAGE), ("/speech/", DATA), ("/scripts/", HERE)):
            await page.route(f"**{prefix}**", of(folder, prefix))
        yield page


async def talk(page: Page, name: str, *arguments: Any) -> Any:
    call = f"async (given) => (await import('/scripts/webrtc_client.mjs')).{name}(...given)"
    return await page.evaluate(call, list(arguments))


async def test_gpt_live(server: RunningServer) -> None:
    async with page_with_the_client(server) as page:
        seen = await talk(page, "live", list(ANSWERS))
    assert (seen["errors"], seen["closed"]) == ([], "close_requested") and seen["id"].startswith("live_")
    first, second, third = seen["turns"]
    assert understood(WEATHER, first) and understood("kitchen light", second) and understood(WEATHER, third)
    cut = seen["said"].removeprefix(ANSWERS[0]).removesuffix(ANSWERS[2]).strip()
    assert STORY.startswith(cut) and 0 < len(cut) < len(STORY) - 20


async def test_realtime(tmp_path: Path) -> None:
    reply = {"adapter": "template", "template": f"You said {{text}}. {STORY}"}
    with running(talkative(tmp_path, reply=reply)) as server:
        async with page_with_the_client(server) as page:
            seen = await talk(page, "realtime")
    assert seen["errors"] == []
    first, second, third = seen["user"]
    assert understood(WEATHER, first) and understood("kitchen light", second) and understood(WEATHER, third)
    assert seen["statuses"] == ["completed", "cancelled", "completed"]
