"""Boxes whose edge can be seen on a dark ground, too: that of Qt's style is darker than what is around it."""

from __future__ import annotations

from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QSpinBox, QWidget

ROUND = 3


class ChoiceBox(QComboBox):
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        _edge(self)


class NumberBox(QDoubleSpinBox):
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        _edge(self)


class WholeBox(QSpinBox):
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        _edge(self)


def _edge(box: QWidget) -> None:
    painter = QPainter(box)
    role = QPalette.ColorRole.Highlight if box.hasFocus() else QPalette.ColorRole.Mid
    painter.setPen(box.palette().color(role))
    painter.drawRoundedRect(box.rect().adjusted(0, 0, -1, -1), ROUND, ROUND)
    painter.end()
