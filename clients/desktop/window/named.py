"""Widgets with a label that a key reaches and a name that a screen reader says."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QLabel, QPushButton, QWidget


def button(text: str, pressed: Callable[[], object], told: str = "", name: str = "") -> QPushButton:
    """`name`: what a screen reader says, where it is not the text."""
    made = QPushButton(text)
    made.setAccessibleName(name or plain(text))
    made.setToolTip(told)
    made.setAutoDefault(False)
    made.clicked.connect(lambda _=False: pressed())
    return made


def row(form: QFormLayout, text: str, widget: QWidget, told: str = "") -> QLabel:
    """A line of a form; the letter behind & leads to the widget."""
    label = QLabel(text)
    label.setBuddy(widget)
    widget.setAccessibleName(plain(text))
    if told:
        widget.setToolTip(told)
        widget.setAccessibleDescription(told)
    form.addRow(label, widget)
    return label


def plain(text: str) -> str:
    """A text without the letter that is its key, and without what leads on."""
    return text.replace("&", "").rstrip(" :…")


def left_to_right(*widgets: QWidget) -> None:
    """Addresses, keys and codes are written so in every language."""
    for widget in widgets:
        widget.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
