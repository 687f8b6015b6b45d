"""The window of a test, with a client that only keeps what it was asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import shiboken6
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from clients.desktop.model.history import History
from clients.desktop.model.settings import Settings
from clients.desktop.sentences import WindowSentences
from clients.desktop.window import theme
from clients.desktop.window.main_window import MainWindow
from clients.desktop.window.settings_dialog import SettingsDialog
from tests.patience import PATIENCE


class Calls:
    """Stands for the client, and keeps what it was asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.asked: list[tuple[Any, ...]] = []

    @property
    def history(self) -> History:
        return History(self.settings.place)

    def change(self, **fields: Any) -> None:
        self.settings = replace(self.settings, **fields)

    def __getattr__(self, name: str) -> Any:
        return lambda *words: self.asked.append((name, *words))


def application() -> QApplication:
    """The one of this process, which Qt takes for all of its windows."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    made = QApplication.instance() or QApplication(["stts-desktop"])
    assert isinstance(made, QApplication)
    theme.apply("light", made)
    return made


@contextmanager
def settings_of(calls: Calls, tell: WindowSentences) -> Iterator[SettingsDialog]:
    made = SettingsDialog(tell, calls.settings)
    try:
        yield made
    finally:
        # What outlives the application takes the process with it.
        shiboken6.delete(made)


@contextmanager
def opened(calls: Calls, tell: WindowSentences) -> Iterator[MainWindow]:
    """A window that has the keyboard."""
    made = MainWindow(calls, tell)  # type: ignore[arg-type]
    made.show()
    made.activateWindow()
    assert QTest.qWaitForWindowActive(made, int(PATIENCE * 1000))
    try:
        yield made
    finally:
        made.hotkeys.close()
        made.type_line.close()
        made.board.close()
        made.close()
        shiboken6.delete(made.type_line)
        shiboken6.delete(made.board)
        shiboken6.delete(made)
