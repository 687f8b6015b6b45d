"""The program with a window, from its start to its end."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from typing import Any

import shiboken6
from PySide6.QtCore import QLocale, Qt, QTimer
from PySide6.QtWidgets import QApplication

from clients.desktop.model import settings as kept
from clients.desktop.model.client import Client
from clients.desktop.sentences import WindowSentences, chosen_language
from clients.desktop.sound.device import Machine
from clients.desktop.window import theme
from clients.desktop.window.bridge import Bridge
from clients.desktop.window.main_window import MainWindow
from clients.desktop.window.shown import Shown
from clients.desktop.window.single import LaterStarts, handed_over

TELLS = "STTS_DESKTOP_SHOWN"
"""Environment variable with which it writes `shown` when a window takes keys: for tests and measurements."""
LOOK_MS = 250
"""How often Python may look whether somebody has ended the program at a terminal."""


def run(machine: Machine, wish: str, server: str | None, key: str | None, folder: str | None) -> int:
    """The exit status."""
    application = QApplication(sys.argv[:1])
    # Figures are those of the sentences, whatever the desktop writes.
    QLocale.setDefault(QLocale(QLocale.Language.C))
    application.setApplicationName("stts-desktop")
    application.setApplicationDisplayName("STTS")
    application.setDesktopFileName("stts-desktop")
    given = {"server": server, "key": key, "folder": folder}
    if handed_over(wish):
        if ignored := [name for name, value in given.items() if value is not None]:
            print(f"The window that is open keeps its own {' and '.join(ignored)}: see its settings.", file=sys.stderr)
        return 0
    file = kept.file()
    settings, wrong = kept.load(file)
    fields: dict[str, Any] = {
        name: value for name, value in given.items() if value is not None and value != getattr(settings, name)
    }
    settings = replace(settings, **fields)
    theme.apply(settings.theme, application)
    bridge = Bridge()
    client = Client(settings, file, machine, bridge.tell)
    tell = WindowSentences(chosen_language(settings.window_language))
    theme.in_language(tell, application)
    window = MainWindow(client, tell)
    shown = Shown(window)  # Qt holds no method alive
    bridge.told.connect(shown.show)
    if wrong:
        window.status.problem(wrong)
    wishes = LaterStarts(window)
    wishes.wished.connect(lambda what: fulfil(window, what))
    if os.environ.get(TELLS):
        application.focusWindowChanged.connect(
            lambda shown: print("shown", flush=True) if shown else None, Qt.ConnectionType.SingleShotConnection
        )
    window.show()
    client.start()
    if fields:
        client.change(**fields)
    fulfil(window, wish)
    _end_in_order(application)
    try:
        return int(application.exec())
    finally:
        wishes.close()
        window.hotkeys.close()
        client.close()
        # Left to Python, some of it would outlive the application, which Qt does not survive.
        for each in (window.type_line, window.board, window):
            shiboken6.delete(each)


def fulfil(window: MainWindow, wish: str) -> None:
    if wish == "clipboard":
        window.say_clipboard()
    elif wish == "type":
        window.type_line.bring_up()
    elif wish == "board":
        window.bring_up_board()
    elif wish == "stop":
        window.client.stop()
    else:
        window.show()
        window.raise_()
        window.activateWindow()


def _end_in_order(application: QApplication) -> None:
    """Ctrl+C and the end of a session close what is open."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: application.quit())
    timer = QTimer(application)
    timer.timeout.connect(lambda: None)
    timer.start(LOOK_MS)
