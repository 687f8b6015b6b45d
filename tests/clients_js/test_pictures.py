"""Each page with some life in it: it keeps nobody out and its pictures can be taken; those of the docs are there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from routers.pages.site import PAGES
from tests.clients_js.living import Living, living
from tests.clients_js.pictures import SCENES, SCREENS, Screen, pictured, shown
from tests.clients_js.test_pages_for_all import AXE, faults
from tests.speakers import need_speakers

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs" / "pictures"
BUILT = ROOT / "build" / "pictures"
LEAST_BYTES, MOST_BYTES, MOST_BYTES_ALL = 6_000, 120_000, 3_000_000
"""A page without anything on it has less than the least."""


@pytest.fixture(scope="module")
def lively(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    need_speakers()
    with living(tmp_path_factory.mktemp("living")) as lively:
        yield lively


def test_each_page_has_a_scene() -> None:
    assert SCENES.keys() == PAGES.keys()


@pytest.mark.parametrize("name", SCENES)  # in their order: what one begins may go on in the next
async def test_a_page_with_life_in_it_is_for_everybody_and_has_its_pictures(
    browser: Browser, lively: Living, name: str
) -> None:
    source = AXE.read_text(encoding="utf-8")
    BUILT.mkdir(parents=True, exist_ok=True)
    async with shown(browser, lively, name) as page:
        assert await faults(page, source) == {}
        for width, screen in SCREENS.items():
            data = await pictured(page, screen, name)
            await asyncio.to_thread((BUILT / f"{name}-{width}.webp").write_bytes, data)
            judge(data, screen)
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "scrolls sideways"


def test_the_pictures_of_the_documentation_are_those_of_the_pages() -> None:
    pictures = {path.name: path.read_bytes() for path in DOCS.glob("*.webp")}
    for name in PAGES:
        for width, screen in SCREENS.items():
            judge(pictures[f"{name}-{width}.webp"], screen)
    assert sum(map(len, pictures.values())) < MOST_BYTES_ALL
    shown_there = (ROOT / "docs" / "pages.md").read_text(encoding="utf-8")
    assert [name for name in pictures if f"pictures/{name}" not in shown_there] == []


def judge(picture: bytes, screen: Screen) -> None:
    """A WebP of this size with something on it, small enough for a page of documentation."""
    assert picture[:4] == b"RIFF" and picture[8:16] == b"WEBPVP8X"  # as Chromium writes it, with a profile of colours
    width, height = (1 + int.from_bytes(picture[at : at + 3], "little") for at in (24, 27))
    assert (width, height) == (round(screen.width * screen.scale), round(screen.height * screen.scale))
    assert LEAST_BYTES < len(picture) < MOST_BYTES
