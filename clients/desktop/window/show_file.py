"""A file in the program with which this system shows folders."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices


def show_in_folder(path: Path) -> bool:
    """The file is marked where the system can, else its folder opens. False where nothing shows folders."""
    if sys.platform == "win32":
        subprocess.Popen(["explorer", "/select,", str(path)])
        return True
    if sys.platform == "darwin":
        subprocess.Popen(["open", "-R", str(path)])
        return True
    return _by_bus(path) or QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))


def _by_bus(path: Path) -> bool:
    from PySide6.QtDBus import QDBusConnection, QDBusInterface, QDBusMessage

    bus = QDBusConnection.sessionBus()
    if not bus.isConnected():
        return False
    name = "org.freedesktop.FileManager1"
    files = QDBusInterface(name, "/org/freedesktop/FileManager1", name, bus)
    if not files.isValid():
        return False
    answer = files.call("ShowItems", [QUrl.fromLocalFile(str(path)).toString()], "")
    return bool(answer.type() != QDBusMessage.MessageType.ErrorMessage)
