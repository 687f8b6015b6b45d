"""The line that tells what goes on, in words; a screen reader says each change."""

from __future__ import annotations

from PySide6.QtGui import QAccessible, QAccessibleEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from clients.desktop.sentences import WindowSentences

RIGHT_TO_LEFT_MARK = "\u200f"


class Status(QWidget):
    """Two lines: the server, and what is said now. A problem stays until something else has gone well."""

    def __init__(self, tell: WindowSentences) -> None:
        super().__init__()
        self.tell = tell
        self.server, self.now = QLabel(tell("not_asked")), QLabel()
        for label, name in ((self.server, tell("server_name")), (self.now, tell("speech_name"))):
            label.setWordWrap(True)
            label.setAccessibleName(name)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.now)
        layout.addWidget(self.server)

    def connection(self, told: str) -> None:
        _show(self.server, self.tell.said(told))

    def unreached(self, told: str) -> None:
        _show(self.server, self._marked("⚠", told))

    def speech(self, told: str) -> None:
        _show(self.now, self.tell.said(told))

    def notice(self, told: str) -> None:
        _show(self.now, self._marked("•", told))

    def problem(self, told: str) -> None:
        _show(self.now, self._marked("⚠", told))

    def _marked(self, sign: str, told: str) -> str:
        # A sentence that begins with a name in Latin letters runs from right to left all the same.
        return f"{RIGHT_TO_LEFT_MARK if self.tell.right_to_left else ''}{sign} {self.tell.said(told)}"


def _show(label: QLabel, told: str) -> None:
    if label.text() != told:
        label.setText(told)
        QAccessible.updateAccessibility(QAccessibleEvent(label, QAccessible.Event.NameChanged))
