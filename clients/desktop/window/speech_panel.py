"""The text, and the voice that says it."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QDoubleSpinBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
)

from clients.desktop.model.catalogue import REFERENCE, Voice
from clients.desktop.model.references import Reference
from clients.desktop.model.settings import Settings
from clients.desktop.sentences import WindowSentences, right_to_left
from clients.desktop.window.edged import ChoiceBox, NumberBox
from clients.desktop.window.named import button, left_to_right, row
from clients.desktop.window.parameters_form import ParametersForm


class TextField(QPlainTextEdit):
    """Enter begins a line, Ctrl+Enter speaks, Tab goes on to the next field."""

    spoken = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.textChanged.connect(self._align)
        self._align()

    def _align(self) -> None:
        """A text stands on the side where it begins, whatever language the window has."""
        window_runs_left = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        runs_left = right_to_left(self.toPlainText(), otherwise=window_runs_left)
        side = Qt.AlignmentFlag.AlignRight if runs_left else Qt.AlignmentFlag.AlignLeft
        option = self.document().defaultTextOption()
        if option.alignment() != side or option.textDirection() != Qt.LayoutDirection.LayoutDirectionAuto:
            option.setTextDirection(Qt.LayoutDirection.LayoutDirectionAuto)
            option.setAlignment(side)
            self.document().setDefaultTextOption(option)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.spoken.emit()
        else:
            super().keyPressEvent(event)


class SpeechPanel(QGroupBox):
    speak = Signal(str)
    skip = Signal()
    stop = Signal()
    nothing_to_say = Signal()
    voice_chosen = Signal(str)
    tuned = Signal(float, float, str)
    """Speed, pitch, language."""

    def __init__(self, tell: WindowSentences, settings: Settings) -> None:
        super().__init__(tell("said_title"))
        self._tell = tell
        self._voice = settings.voice
        self.words = TextField()
        self.words.setPlaceholderText(tell("text_hint"))
        self.words.setAccessibleName(tell("text_name"))
        self.words.setTabChangesFocus(True)
        self.words.spoken.connect(self._speak)
        self.voices = _searchable(tell("voice_search"))
        self.voices.activated.connect(self._choose)
        self.voices.lineEdit().editingFinished.connect(self._settle)
        self.speed, self.pitch = _number(0.25, 4.0, 0.05, settings.speed), _number(-24, 24, 1, settings.pitch)
        self.speed.setSuffix(" ×")
        self.pitch.setDecimals(1)
        self.pitch.setSuffix(tell("semitones"))
        self.language = QLineEdit(settings.language)
        self.language.setPlaceholderText(tell("language_hint"))
        for changed in (self.speed.valueChanged, self.pitch.valueChanged, self.language.editingFinished):
            changed.connect(lambda _=None: self._tune())
        self.parameters = ParametersForm()
        self.speak_button = button(tell("speak"), self._speak, "Ctrl+Enter")
        self.speak_button.setProperty("primary", "true")
        self.skip_button = button(tell("skip"), self.skip.emit, "Ctrl+K")
        self.stop_button = button(tell("stop"), self.stop.emit, "Escape")
        left_to_right(self.language)
        self._arrange()

    def _arrange(self) -> None:
        form, tell = QFormLayout(), self._tell
        row(form, tell("voice"), self.voices, tell("voice_tip"))
        row(form, tell("speed"), self.speed)
        row(form, tell("pitch"), self.pitch)
        row(form, tell("language"), self.language, tell("language_tip"))
        form.addRow(self.parameters)
        buttons = QHBoxLayout()
        for each in (self.speak_button, self.skip_button, self.stop_button):
            buttons.addWidget(each)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addWidget(self.words, 1)
        layout.addLayout(buttons)
        layout.addLayout(form)

    def show_voices(self, voices: tuple[Voice, ...], recordings: tuple[Reference, ...]) -> None:
        """Recordings that will not do are shown with the reason, and cannot be chosen."""
        tell = self._tell
        with QSignalBlocker(self.voices):
            self.voices.clear()
            self.voices.addItem(tell("server_choice"), "")
            for voice in voices:
                self.voices.addItem(tell.kept_apart(voice.label), voice.key)
            for each in recordings:
                self.voices.addItem(
                    f"{tell.kept_apart(each.path.name)}: {tell.listed(each.told)}", REFERENCE + each.path.name
                )
                if not each.valid:
                    self.voices.model().item(self.voices.count() - 1).setEnabled(False)
            place = self.voices.findData(self._voice)
            if place < 0:
                self.voices.addItem(tell("not_there_now", name=self._voice.removeprefix(REFERENCE)), self._voice)
                place = self.voices.count() - 1
            self.voices.setCurrentIndex(place)

    def _choose(self, place: int) -> None:
        item = self.voices.model().item(place)
        if item is not None and item.isEnabled():
            self._voice = self.voices.itemData(place)
            self.voice_chosen.emit(self._voice)
        else:
            self.voices.setCurrentIndex(self.voices.findData(self._voice))

    def _settle(self) -> None:
        """Letters that were typed become the first voice with them in its name; else the chosen one is shown again."""
        box, typed = self.voices, self.voices.currentText().strip().casefold()
        chosen = box.findData(self._voice)
        if typed == box.itemText(chosen).casefold():
            return
        places = (place for place in range(box.count()) if typed and box.model().item(place).isEnabled())
        found = next((place for place in places if typed in box.itemText(place).casefold()), chosen)
        box.setCurrentIndex(found)
        box.lineEdit().setText(box.itemText(found))
        if found != chosen:
            self._choose(found)

    def _speak(self) -> None:
        if text := self.words.toPlainText().strip():
            self.words.clear()
            self.words.setFocus()
            self.speak.emit(text)
        else:
            self.words.setFocus()
            self.nothing_to_say.emit()

    def _tune(self) -> None:
        self.tuned.emit(round(self.speed.value(), 2), self.pitch.value(), self.language.text().strip())


def _searchable(name: str) -> QComboBox:
    """A list of hundreds, in which letters of any part of a name are found."""
    box = ChoiceBox()
    box.setEditable(True)
    box.lineEdit().setAccessibleName(name)
    box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(24)
    finding = QCompleter(box.model(), box)
    finding.setFilterMode(Qt.MatchFlag.MatchContains)
    finding.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
    finding.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
    box.setCompleter(finding)
    return box


def _number(low: float, high: float, step: float, value: float) -> QDoubleSpinBox:
    box = NumberBox()
    box.setRange(low, high)
    box.setSingleStep(step)
    box.setValue(value)
    box.setKeyboardTracking(False)
    return box
