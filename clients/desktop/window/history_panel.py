"""The history, newest first."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QPainter, QPaintEvent, QPalette, QShortcut
from PySide6.QtWidgets import QGroupBox, QHBoxLayout, QListWidget, QListWidgetItem, QVBoxLayout

from clients.desktop.model.history import SHOWN, Entry
from clients.desktop.sentences import WindowSentences
from clients.desktop.window.named import button

LETTERS = 80


class Entries(QListWidget):
    """A list that says what will lie in it while nothing does."""

    def __init__(self, empty: str) -> None:
        super().__init__()
        self._empty = empty

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.count() == 0:
            painter = QPainter(self.viewport())
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            around = self.viewport().rect().adjusted(8, 8, -8, -8)
            painter.drawText(around, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._empty)
            painter.end()


class HistoryPanel(QGroupBox):
    play = Signal(object)
    save = Signal(object)
    show_in_folder = Signal(object)
    remove = Signal(object)

    def __init__(self, tell: WindowSentences) -> None:
        super().__init__(tell("history_title"))
        self._tell = tell
        self.entries = Entries(tell("no_history"))
        self.entries.setAccessibleName(tell("history_name"))
        self.entries.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.entries.itemActivated.connect(lambda _: self._ask(self.play))
        self.buttons = [
            button(tell("play"), lambda: self._ask(self.play), "Enter"),
            button(tell("save"), lambda: self._ask(self.save), "Ctrl+S"),
            button(tell("show_in_folder"), lambda: self._ask(self.show_in_folder), "Ctrl+Shift+F"),
            button(tell("remove"), lambda: self._ask(self.remove), "Delete"),
        ]
        for keys, signal in (("Ctrl+S", self.save), ("Ctrl+Shift+F", self.show_in_folder)):
            QShortcut(QKeySequence(keys), self, lambda signal=signal: self._ask(signal))
        gone = QShortcut(QKeySequence("Delete"), self.entries, lambda: self._ask(self.remove))
        gone.setContext(Qt.ShortcutContext.WidgetShortcut)
        below = QHBoxLayout()
        for each in self.buttons:
            below.addWidget(each)
        layout = QVBoxLayout(self)
        layout.addWidget(self.entries, 1)
        layout.addLayout(below)
        self._enable()

    def show_entries(self, entries: list[Entry]) -> None:
        self.entries.clear()
        for entry in entries:
            self.entries.addItem(self._item(entry))
        self._enable()

    def add(self, entry: Entry) -> None:
        self.entries.insertItem(0, self._item(entry))
        if self.entries.count() > SHOWN:
            self.entries.takeItem(SHOWN)
        self._enable()

    def forget(self, path: Path) -> None:
        for place in range(self.entries.count()):
            if self.entries.item(place).data(Qt.ItemDataRole.UserRole).path == path:
                self.entries.takeItem(place)
                break
        self._enable()

    def _ask(self, signal: Signal) -> None:
        item = self.entries.currentItem() or self.entries.item(0)
        if item is not None:
            signal.emit(item.data(Qt.ItemDataRole.UserRole))

    def _enable(self) -> None:
        for each in self.buttons:
            each.setEnabled(self.entries.count() > 0)

    def _item(self, entry: Entry) -> QListWidgetItem:
        text = " ".join(entry.text.split()) or entry.path.name
        short = text if len(text) <= LETTERS else f"{text[:LETTERS]} …"
        at, length = time.strftime("%H:%M", time.localtime(entry.made)), _length(entry.seconds)
        item = QListWidgetItem(f"{at}  {length}  {self._tell.kept_apart(short)}")
        item.setData(Qt.ItemDataRole.UserRole, entry)
        item.setToolTip(f"{entry.path.name}{f' ({entry.voice})' if entry.voice else ''}\n{text}")
        return item


def _length(seconds: float) -> str:
    """Minutes and seconds, in the same width for all that is not of hours."""
    whole = max(round(seconds), 1)
    return f"{whole // 60}:{whole % 60:02d}"
