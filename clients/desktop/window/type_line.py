"""Push to type: one line over whatever is in front, that speaks what is typed and goes."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit

from clients.desktop.sentences import WindowSentences
from clients.desktop.window import in_front


class TypeLine(QLineEdit):
    """Enter speaks and goes away; with Shift it stays for the next line. Escape goes away and keeps what was typed."""

    speak = Signal(str)

    def __init__(self, tell: WindowSentences) -> None:
        super().__init__()
        in_front.prepare(self, tell("type_title"))
        self.setPlaceholderText(tell("type_hint"))

    def bring_up(self) -> None:
        in_front.bring_up(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            text = self.text().strip()
            self.clear()
            if not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self.hide()
            if text:
                self.speak.emit(text)
        else:
            super().keyPressEvent(event)
