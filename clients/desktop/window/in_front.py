"""Small windows that come up over whatever is in front, take the keyboard, and go again."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

WIDTH = 640
FLAGS = Qt.WindowType.Tool | Qt.WindowType.WindowStaysOnTopHint | Qt.WindowType.FramelessWindowHint
LARGER = 1.4
"""Size of its letters beside those of the window: it is read from the corner of an eye."""


def prepare(widget: QWidget, name: str) -> None:
    widget.setWindowFlags(FLAGS)
    widget.setWindowTitle(name)
    widget.setAccessibleName(name)
    widget.setMinimumWidth(WIDTH)
    font = widget.font()
    font.setPointSizeF(font.pointSizeF() * LARGER)
    widget.setFont(font)


def bring_up(widget: QWidget) -> None:
    """Shows it in the lower half of the screen that has the pointer."""
    screen = QGuiApplication.screenAt(widget.cursor().pos()) or QGuiApplication.primaryScreen()
    if screen is not None:
        there = screen.availableGeometry()
        top = there.bottom() - max(there.height() // 4, widget.sizeHint().height() + there.height() // 12)
        widget.move(there.center().x() - WIDTH // 2, max(there.top(), top))
    widget.show()
    widget.raise_()
    widget.activateWindow()
    widget.setFocus()
