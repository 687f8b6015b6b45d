"""A form of the parameters that the engine of the chosen voice takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QFormLayout, QLineEdit, QWidget

from clients.desktop.model.parameters import Parameter
from clients.desktop.window.edged import ChoiceBox, NumberBox, WholeBox
from clients.desktop.window.named import row

WIDEST = 1_000_000


class ParametersForm(QWidget):
    """A line for each of them, filled with what was chosen before, else with the default."""

    changed = Signal(str, object)
    """Name and value."""

    def __init__(self) -> None:
        super().__init__()
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)

    def show_parameters(self, known: tuple[Parameter, ...], chosen: Mapping[str, Any]) -> None:
        while self._form.rowCount():
            self._form.removeRow(0)
        for each in known:
            value = chosen.get(each.name, each.default)
            widget = self._widget(each, value if each.fits(value) else each.default)
            row(self._form, f"{each.title}:", widget, each.description)

    def _widget(self, each: Parameter, value: Any) -> QWidget:
        def changed(new: object) -> None:
            self.changed.emit(each.name, new)

        if each.kind == "boolean":
            box = QCheckBox()
            box.setChecked(bool(value))
            box.toggled.connect(changed)
            return box
        if each.kind == "choice":
            choices = ChoiceBox()
            choices.addItems(each.choices)
            choices.setCurrentText(str(value))
            choices.currentTextChanged.connect(changed)
            return choices
        if each.kind == "text":
            line = QLineEdit(str(value or ""))
            line.textEdited.connect(changed)
            return line
        low = -WIDEST if each.minimum is None else each.minimum
        high = WIDEST if each.maximum is None else each.maximum
        if each.kind == "integer":
            whole = WholeBox()
            whole.setRange(int(low), int(high))
            whole.setValue(int(value))
            whole.valueChanged.connect(changed)
            return whole
        number = NumberBox()
        number.setDecimals(2)
        number.setSingleStep(0.05)
        number.setRange(low, high)
        number.setValue(float(value))
        number.valueChanged.connect(lambda new: changed(round(new, 2)))
        return number
