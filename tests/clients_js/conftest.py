"""Clients that are not Python: a browser and Node. `make test-clients` runs them."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import pytest_asyncio
import yaml

from adapters.configuration.adapter import ConfigAdapter
from engines.registry import Registry
from stts.engine_api import STT_SAMPLE_RATE, Samples
from tests import patient
from tests.audio import encoded
from tests.engines.speech import DATA, read
from tests.keyed import Keyed, keyed_server
from tests.server import RunningServer, running

if TYPE_CHECKING:
    from playwright.async_api import Browser

HERE = Path(__file__).parent
REQUIRED = os.environ.get("STTS_REQUIRE_CLIENTS") == "1"
"""Where the clients are installed on purpose, a test of theirs that is skipped has failed."""
SENT_RATE = 24_000
"""Hz."""
LEAD_SECONDS = 0.5
"""Seconds of silence before the first recording."""

IN_A_BROWSER = [
    path.name
    for path in HERE.glob("test_*.py")
    if re.search(r"^from (playwright|tests\.clients_js\.browser)\b", path.read_text(encoding="utf-8"), re.MULTILINE)
]
collect_ignore = [] if REQUIRED or find_spec("playwright") else IN_A_BROWSER
"""Modules that import a browser's driver, which is not among the packages of `make test`."""

Microphone = Callable[..., Path]
Node = Callable[..., str]


@pytest.hookimpl(tryfirst=True)  # before tests/conftest.py gives a kind to what has none
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.clients)
            if shares_browser(item):
                item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


def shares_browser(item: pytest.Item) -> bool:
    """Whether its browser is the one below, and not that of a module which has its own way with it."""
    return isinstance(item, pytest.Function) and "browser" in item.fixturenames and not hasattr(item.module, "browser")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if REQUIRED and report.skipped and item.path.is_relative_to(HERE):
        report.outcome = "failed"
        report.longrepr = f"skipped where clients are required: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """As it is after an installation: PocketSphinx listens, eSpeak speaks, and what is heard is said back."""
    config = configured(tmp_path_factory.mktemp("data"))
    with running(config.current(), config=config) as server:
        yield server


def configured(folder: Path, **sections: Any) -> ConfigAdapter:
    """The configuration of a server whose file stands in this folder, with its data."""
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump({"storage": {"root": str(folder)}, **sections}))
    return ConfigAdapter.load(file, {})


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One for a module, of which each test visits pages with a memory of their own."""
    # The driver is not among the packages of `make test`.
    from tests.clients_js.browser import launched

    async with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    """A server with keys, whose pages can do everything."""
    sections = {"security": {"keys": True}, "tts": {"order": ["espeak"]}}
    config = configured(tmp_path_factory.mktemp("keyed"), **sections)
    with keyed_server(config.current(), Registry(), config=config) as keyed:
        yield keyed


@pytest.fixture
def microphone(tmp_path: Path) -> Microphone:
    """Names of recordings, and seconds of silence between them -> a file for Chromium."""

    def file(*parts: str | float) -> Path:
        sounds = [_silence(LEAD_SECONDS), *(_sound(part) for part in parts), _silence(30)]
        path = tmp_path / "microphone.wav"
        path.write_bytes(encoded(np.concatenate(sounds)))
        return path

    return file


@pytest.fixture(scope="session")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Recordings as OpenAI's clients send them, s16le at 24 kHz, by the names of the files they were read from."""
    folder, files = tmp_path_factory.mktemp("spoken"), {}
    for name in ("kitchen.flac", "weather.flac"):
        files[name] = folder / f"{name}.pcm"
        files[name].write_bytes((read(DATA / name, rate=SENT_RATE) * 32_767).astype(np.int16).tobytes())
    return files


@pytest.fixture
def node() -> Node:
    """Runs a script, with its arguments, and gives what it prints."""
    command = shutil.which("node")
    if command is None:
        pytest.skip("node is not installed")
    if not (HERE / "node_modules").is_dir():
        pytest.skip("node packages are not installed: `make test-clients`, or npm ci in tests/clients_js")

    def run(*arguments: str | Path) -> str:
        done = patient.run(
            [command, *map(str, arguments)],
            cwd=HERE,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def _sound(part: str | float) -> Samples:
    return read(DATA / part) if isinstance(part, str) else _silence(part)


def _silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * STT_SAMPLE_RATE), np.float32)
