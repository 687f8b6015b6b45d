"""The documentation as a site: no link is broken, nothing comes from elsewhere, and its search works from the disk."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests import patient
from tests.clients_js.browser import patient_context

ROOT = Path(__file__).parents[2]
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")
PAGES = sorted(path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md"))
LOOKED_AT = [Path(name) for name in ("index.html", "engines.html", "webrtc.html")]
"""Pages with all that there is: wide tables, code, lists. Looking at every word of every page takes minutes."""
SOUGHT = "barge-in"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *values: Any) -> None:
        """A line for each file is of no use here."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(ROOT / "mkdocs.yml", folder)
    shutil.copytree(ROOT / "docs", folder / "docs")
    built = patient.run(
        [sys.executable, "-m", "zensical", "build", "--strict", "--clean"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "build" / "site"


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


async def test_every_page_can_be_read_by_everybody(browser: Browser, address: str) -> None:
    if not AXE.exists():
        pytest.skip("node packages are not installed: `make test-clients`, or npm ci in tests/clients_js")
    source, wrong, found = AXE.read_text(encoding="utf-8"), list[str](), dict[str, Any]()
    for scheme, paths in (("light", PAGES), ("dark", LOOKED_AT)):
        context = await patient_context(browser, color_scheme=scheme)
        page = await context.new_page()
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith((address, "data:")) else wrong.append(asked.url))
        for path in paths:
            await page.goto(f"{address}/{path}")
            if path not in LOOKED_AT:
                continue
            await page.evaluate(source)
            checked = await page.evaluate("axe.run()")
            for fault in checked["violations"]:
                if fault["impact"] in SERIOUS:
                    found[f"{path} {scheme} {fault['id']}"] = [node["html"] for node in fault["nodes"][:3]]
        await context.close()
    assert wrong == []
    assert found == {}


@pytest.mark.parametrize("from_disk", [False, True])
async def test_the_search_finds_what_is_there(browser: Browser, site: Path, address: str, from_disk: bool) -> None:
    start = site.as_uri() if from_disk else address
    page = await (await patient_context(browser)).new_page()
    elsewhere: list[str] = []
    page.on("request", lambda asked: None if asked.url.startswith((start, "data:")) else elsewhere.append(asked.url))
    await page.goto(f"{start}/index.html")
    first = await searched(page)
    await expect(first).to_contain_text("barge", ignore_case=True)
    await first.click()
    await page.wait_for_url(lambda url: not url.partition("#")[0].partition("?")[0].endswith("index.html"))
    await expect(page.locator("article")).to_contain_text(SOUGHT, ignore_case=True)
    assert elsewhere == []


async def searched(page: Page) -> Any:
    """The first of what is found."""
    await page.get_by_role("button", name="Search").first.click()
    dialog = page.locator("dialog[open]")
    await dialog.locator("input").first.fill(SOUGHT)
    first = dialog.locator("a", has=page.locator("mark")).first
    await first.wait_for()
    return first
