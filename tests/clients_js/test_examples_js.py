"""The JavaScript programs of examples/, run as they are, against the real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi import FastAPI, Response

from stts.settings import Settings
from tests.audio import decoded, encoded
from tests.clients_js.browser import chromium, opened
from tests.clients_js.conftest import Microphone, Node
from tests.engines.speech import DATA, WORDS, read, share_heard
from tests.server import RunningServer, running
from tests.serving import serving

EXAMPLES = Path(__file__).parent.parent.parent / "examples" / "javascript"
TEXT = "Good morning to you, and welcome."
KEY = "sesame"
PAGE = "<!doctype html><button id=stop>Stop</button><p id=caption></p><script type=module src=page.js></script>"
SCRIPT = """
import { transcribe } from "./browser.js";
const caption = document.getElementById("caption");
const stop = await transcribe(location.hash.slice(1), (text) => (caption.textContent = text), "sesame");
document.getElementById("stop").onclick = stop;
"""

LIVE_SCRIPT = """
import { live } from "./live_browser.js";
const caption = document.getElementById("caption");
const answer = async (said) => {
  caption.textContent += `${said} `;
  return "Thank you very much.";
};
document.getElementById("stop").onclick = await live(location.hash.slice(1), answer, "sesame");
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    root = str(tmp_path_factory.mktemp("data"))
    with running(Settings.model_validate({"storage": {"root": root}, "security": {"api_key": KEY}})) as server:
        yield server


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STTS_API_KEY", KEY)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "speech.wav"
    path.write_bytes(encoded(read(DATA / "kitchen.flac")))
    return path


@pytest.fixture
def packages() -> None:
    if not (EXAMPLES / "node_modules").is_dir():
        pytest.skip("packages of the examples are not installed: `make test-clients`, or npm ci in examples/javascript")


def socket_url(server: RunningServer) -> str:
    return server.url.replace("http", "ws")


@pytest.mark.usefixtures("packages")
def test_listen(node: Node, server: RunningServer, recording: Path) -> None:
    *partials, final = node(EXAMPLES / "listen.mjs", f"{socket_url(server)}/", recording).splitlines()
    assert partials and all(line.startswith("... ") for line in partials)
    assert share_heard(WORDS["kitchen.flac"], final) >= 0.5, final


@pytest.mark.usefixtures("packages")
def test_speak(node: Node, server: RunningServer, tmp_path: Path) -> None:
    arguments = (server.url, tmp_path / "out.wav", *TEXT.split())
    *pieces, seconds = node(EXAMPLES / "speak.mjs", *arguments).splitlines()
    assert " ".join(line.removeprefix("speaking: ") for line in pieces) == TEXT
    samples, rate = decoded((tmp_path / "out.wav").read_bytes())
    assert seconds == f"{len(samples) / rate:.1f} s" and np.abs(samples).max() > 0.1


@pytest.mark.usefixtures("packages")
def test_converse(node: Node, server: RunningServer, recording: Path, tmp_path: Path) -> None:
    arguments = (f"{server.url}/", recording, tmp_path / "reply.wav")
    you, reply = node(EXAMPLES / "converse.mjs", *arguments).splitlines()
    assert share_heard(WORDS["kitchen.flac"], you) >= 0.5, you
    assert reply.removeprefix("reply: ") == you.removeprefix("you: ")
    samples, rate = decoded((tmp_path / "reply.wav").read_bytes())
    assert rate == 24_000 and len(samples) > rate and np.abs(samples).max() > 0.1


@pytest.mark.usefixtures("packages")
def test_realtime(node: Node, server: RunningServer) -> None:
    reply, seconds = node(EXAMPLES / "realtime.mjs", socket_url(server), TEXT).splitlines()
    assert reply == f"reply: {TEXT}"
    assert float(seconds.split()[0]) > 1


@pytest.mark.usefixtures("packages")
def test_live(node: Node, server: RunningServer, recording: Path, tmp_path: Path) -> None:
    you, reply = node(EXAMPLES / "live.mjs", server.url, recording, tmp_path / "reply.wav").splitlines()
    assert share_heard(WORDS["kitchen.flac"], you) >= 0.5, you
    assert reply.removeprefix("reply: ") == you.removeprefix("you: ")
    samples, rate = decoded((tmp_path / "reply.wav").read_bytes())
    assert rate == 16_000 and np.abs(samples).max() > 0.1


def test_the_page_about_openai(node: Node, server: RunningServer) -> None:
    page = (EXAMPLES.parents[1] / "docs" / "openai.md").read_text(encoding="utf-8")
    code = page.partition("```js\n")[2].partition("```")[0]
    code = code.replace("http://127.0.0.1:8000", server.url).replace('"unused"', f'"{KEY}"')
    assert int(node("--input-type=module", "--eval", code)) > 5000


def page_of_somebody(script: str = SCRIPT, snippet: str = "browser.js") -> FastAPI:
    """A page that uses the snippet."""
    app = FastAPI()
    files = {
        "page.html": Response(PAGE, media_type="text/html"),
        "page.js": Response(script, media_type="text/javascript"),
        snippet: Response((EXAMPLES / snippet).read_bytes(), media_type="text/javascript"),
    }
    app.add_api_route("/{name}", lambda name: files.get(name, Response(status_code=404)))
    return app


@pytest.mark.skipif(chromium() is None, reason="chromium is not installed")
async def test_browser(tmp_path: Path, microphone: Microphone) -> None:
    async with serving(page_of_somebody()) as port:
        page_url = f"http://127.0.0.1:{port}"
        security = {"allowed_origins": [page_url], "api_key": KEY}
        with running(Settings.model_validate({"storage": {"root": str(tmp_path)}, "security": security})) as server:
            url = f"{page_url}/page.html#{server.url}/"
            async with opened(url, microphone=microphone("weather.flac")) as page:
                caption = "document.getElementById('caption').textContent"
                await page.wait_for_function(f"() => {caption}.split(' ').length > 5")
                await page.wait_for_function(f"() => {caption}.endsWith(' ')")
                text = await page.evaluate(f"() => {caption}")
                await page.click("#stop")
    assert share_heard(WORDS["weather.flac"], text) >= 0.5, text


@pytest.mark.skipif(chromium() is None, reason="chromium is not installed")
async def test_live_in_a_browser(tmp_path: Path, microphone: Microphone) -> None:
    pytest.importorskip("aiortc")
    async with serving(page_of_somebody(LIVE_SCRIPT, "live_browser.js")) as port:
        page_url = f"http://127.0.0.1:{port}"
        security = {"allowed_origins": [page_url], "api_key": KEY}
        with running(Settings.model_validate({"storage": {"root": str(tmp_path)}, "security": security})) as server:
            async with opened(f"{page_url}/page.html#{server.url}/", microphone=microphone("weather.flac")) as page:
                caption = "document.getElementById('caption').textContent"
                await page.wait_for_function(f"() => {caption}.split(' ').length > 5")
                text = await page.evaluate(f"() => {caption}")
                await page.click("#stop")
    assert share_heard(WORDS["weather.flac"], text) >= 0.5, text
