"""The quick phrases over whatever is in front: a number speaks one, and the board goes."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem

from clients.desktop.sentences import WindowSentences
from clients.desktop.window import in_front
from clients.desktop.window.phrases_panel import KEYS

LETTERS = 60
SHOWN = 12
"""Most phrases that are seen at once; the arrows lead to the others."""


class PhraseBoard(QListWidget):
    """1 to 9 speak the first nine; arrows and Enter, or a click, any of them; Escape goes."""

    speak = Signal(str)

    def __init__(self, tell: WindowSentences) -> None:
        super().__init__()
        self._tell = tell
        in_front.prepare(self, tell("board_title"))
        self.setToolTip(tell("board_title"))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.itemClicked.connect(self._say)

    def bring_up(self, phrases: tuple[str, ...]) -> None:
        self.clear()
        for number, phrase in enumerate(phrases, 1):
            short = phrase if len(phrase) <= LETTERS else f"{phrase[:LETTERS]} …"
            item = QListWidgetItem(f"{number}   {self._tell.kept_apart(short)}")
            item.setData(Qt.ItemDataRole.UserRole, phrase)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{number}: {phrase}")
            self.addItem(item)
        self.setCurrentRow(0)
        self.setFixedHeight(self.sizeHint().height())
        in_front.bring_up(self)

    def sizeHint(self) -> QSize:
        rows = min(max(self.count(), 1), SHOWN)
        return QSize(in_front.WIDTH, rows * max(self.sizeHintForRow(0), 1) + 2 * self.frameWidth() + 4)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        number = int(event.text()) if event.text() in tuple("123456789")[:KEYS] else 0
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
        elif number:
            self._say(self.item(number - 1))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._say(self.currentItem())
        else:
            super().keyPressEvent(event)

    def _say(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.hide()
            self.speak.emit(item.data(Qt.ItemDataRole.UserRole))
