"""A sound server with two devices, and a speech server, for tests that are marked `clients`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.server import Server, running
from clients.desktop.model.settings import Settings
from clients.desktop.sentences import WindowSentences
from clients.desktop.sound.device import SYSTEM, Choice
from tests.clients.desktop.cables import Cables, missing, running_cables
from tests.clients.desktop.sounding import CABLE

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from clients.desktop.window.main_window import MainWindow
    from tests.clients.desktop.windows import Calls

HERE = Path(__file__).parent
REQUIRED = os.environ.get("STTS_REQUIRE_CLIENTS") == "1"
"""Where the clients are installed on purpose, a test of theirs that is skipped has failed."""
WINDOW = ["windows.py", "test_window.py", "test_window_keyboard.py", "test_window_languages.py", "test_window_parts.py"]
"""Modules that import Qt, which is not among the packages of `make test`."""
collect_ignore = [] if REQUIRED or find_spec("PySide6") else WINDOW


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if REQUIRED and report.skipped and item.path.is_relative_to(HERE):
        report.outcome = "failed"
        report.longrepr = f"skipped where clients are required: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def speech_server() -> Iterator[Server]:
    """As it is after an installation: its default voice speaks, and Whisper tiny listens."""
    with running({"models": {"offline": True}}) as server:
        yield server


@pytest.fixture
def cables(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cables]:
    """A virtual cable and headphones, which are the system's choice."""
    if name := missing():
        pytest.skip(f"{name} is not installed")
    with tempfile.TemporaryDirectory(prefix="pulse") as folder, running_cables(Path(folder)) as cables:
        for variable, value in cables.variables.items():
            monkeypatch.setenv(variable, value)
        yield cables


@pytest.fixture
def calls(tmp_path: Path) -> Calls:
    """A client that only keeps what it was asked for, with a board of phrases."""
    from tests.clients.desktop.windows import Calls

    phrases = tuple(f"Phrase {number} & more" for number in range(1, 12))
    chosen = Choice(CABLE.id, CABLE.name)
    return Calls(replace(Settings(), folder=str(tmp_path), phrases=phrases, cable=chosen, ears=SYSTEM))


@pytest.fixture(scope="session")
def application() -> QApplication:
    from tests.clients.desktop.windows import application

    return application()


@pytest.fixture
def window(application: QApplication, calls: Calls) -> Iterator[MainWindow]:
    from tests.clients.desktop.windows import opened

    with opened(calls, WindowSentences()) as made:
        yield made
