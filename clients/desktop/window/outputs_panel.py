"""Where it is heard: in the call, through a cable, and in one's own ears."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QGroupBox, QLabel

from clients.desktop.sentences import WindowSentences
from clients.desktop.sound.device import NOTHING, SYSTEM, Choice, Device, targets
from clients.desktop.window.edged import ChoiceBox
from clients.desktop.window.named import row


class OutputsPanel(QGroupBox):
    """A choice whose device is away stays chosen, and says so."""

    changed = Signal(object, object)

    def __init__(self, tell: WindowSentences, cable: Choice, ears: Choice) -> None:
        super().__init__(tell("heard_title"))
        self._words = tell
        self._devices: tuple[Device, ...] = ()
        self._chosen = [cable, ears]
        self.cable, self.ears, self.note = ChoiceBox(), ChoiceBox(), QLabel()
        self.note.setWordWrap(True)
        self.note.setAccessibleName(tell("outputs_note"))
        form = QFormLayout(self)
        row(form, tell("call"), self.cable, tell("call_tip"))
        row(form, tell("ears"), self.ears, tell("ears_tip"))
        form.addRow(self.note)
        for place, box in enumerate((self.cable, self.ears)):
            box.activated.connect(lambda _=0, place=place: self._choose(place))
        self.show_devices((), "")

    def show_devices(self, devices: tuple[Device, ...], problem: str) -> None:
        self._devices = devices
        for box, chosen in zip((self.cable, self.ears), self._chosen, strict=True):
            with QSignalBlocker(box):
                self._fill(box, chosen)
        self._tell(problem)

    def _fill(self, box: QComboBox, chosen: Choice) -> None:
        box.clear()
        tell = self._words
        default = next((device.name for device in self._devices if device.default), "")
        box.addItem(tell("system_choice_now", device=default) if default else tell("system_choice"), SYSTEM)
        box.addItem(tell("nothing"), NOTHING)
        for device in self._devices:
            box.addItem(device.name, Choice(device.id, device.name))
            box.setItemData(box.count() - 1, device.id, 3)  # shown as a tip
        ids = [box.itemData(number).id for number in range(box.count())]
        if chosen.id not in ids:
            box.addItem(tell("not_there_now", name=chosen.shown), chosen)
            ids.append(chosen.id)
        box.setCurrentIndex(ids.index(chosen.id))

    def _choose(self, place: int) -> None:
        box = (self.cable, self.ears)[place]
        self._chosen[place] = box.currentData()
        self._tell("")
        self.changed.emit(*self._chosen)

    def _tell(self, problem: str) -> None:
        found = targets(self._chosen, self._devices)
        tell = self._words
        told = [tell.said(problem)] if problem else []
        told += [tell("device_away", device=choice.shown) for choice in found.missing]
        if found.same:
            told.append(tell("same_device"))
        if not any(choice != NOTHING for choice in self._chosen):
            told.append(tell("heard_nowhere"))
        self.note.setText("\n".join(told) if self._devices or problem else tell("looking_for_devices"))
        self.note.setVisible(bool(self.note.text()))
