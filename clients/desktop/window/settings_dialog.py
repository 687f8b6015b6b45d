"""Where the server is, and how the program behaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QWidget,
)

from clients.desktop.model.address import EXAMPLE, AddressWrong, checked, checked_key
from clients.desktop.model.settings import THEMES, Settings
from clients.desktop.sentences import OWN_NAMES, Sentence, WindowSentences
from clients.desktop.window.edged import ChoiceBox
from clients.desktop.window.named import button, left_to_right, plain, row


class SettingsDialog(QDialog):
    """An address is looked at while it is typed; a wrong one cannot be kept, and the line below says why."""

    def __init__(self, tell: WindowSentences, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tell("settings_title"))
        self._tell = tell
        self._before = settings
        self.server, self.key = QLineEdit(settings.server), QLineEdit(settings.key)
        self.server.setPlaceholderText(EXAMPLE)
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self.wrong = QLabel()
        self.wrong.setWordWrap(True)
        self.wrong.setMinimumHeight(self.wrong.sizeHint().height() * 2)
        self.wrong.setAccessibleName(tell("wrong_name"))
        self.folder = QLineEdit(str(settings.place))
        self.theme = ChoiceBox()
        for theme in THEMES:
            self.theme.addItem(tell(f"theme_{theme}"), theme)
        self.theme.setCurrentIndex(THEMES.index(settings.theme))
        self.language = ChoiceBox()
        self.language.addItem(tell("language_system"), "")
        for language, own_name in OWN_NAMES.items():
            self.language.addItem(own_name, language)
        self.language.setCurrentIndex(self.language.findData(settings.window_language))
        self.clipboard_key = QKeySequenceEdit(QKeySequence(settings.clipboard_key))
        self.type_key = QKeySequenceEdit(QKeySequence(settings.type_key))
        self.board_key = QKeySequenceEdit(QKeySequence(settings.board_key))
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        for which, key in (("Save", "keep"), ("Cancel", "cancel")):
            self.buttons.button(QDialogButtonBox.StandardButton[which]).setText(tell(key))
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        left_to_right(self.server, self.key, self.folder, self.clipboard_key, self.type_key, self.board_key)
        self._arrange()
        for line in (self.server, self.key):
            line.textChanged.connect(self._check)
        self._check()

    def _arrange(self) -> None:
        form, tell = QFormLayout(self), self._tell
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        row(form, tell("server"), self.server, tell("server_tip", example=EXAMPLE))
        row(form, tell("key"), self.key, tell("key_tip"))
        form.addRow(self.wrong)
        place = QHBoxLayout()
        place.addWidget(self.folder)
        place.addWidget(button(tell("choose_folder"), self._choose))
        self.folder.setAccessibleName(plain(tell("folder")))
        label = QLabel(tell("folder"))
        label.setBuddy(self.folder)
        form.addRow(label, place)
        row(form, tell("colours"), self.theme)
        row(form, tell("window_language"), self.language, tell("window_language_tip"))
        row(form, tell("clipboard_key"), self.clipboard_key, tell("clipboard_tip"))
        row(form, tell("type_key"), self.type_key, tell("type_tip"))
        row(form, tell("board_key"), self.board_key, tell("board_tip"))
        form.addRow(self.buttons)
        self.setMinimumWidth(520)

    @property
    def changes(self) -> dict[str, Any]:
        """Settings as the fields have them, of which all are right."""
        folder = self.folder.text().strip()
        return {
            "server": checked(self.server.text()),
            "key": checked_key(self.key.text()),
            "folder": "" if folder == str(self._before.place) and not self._before.folder else folder,
            "theme": self.theme.currentData(),
            "window_language": self.language.currentData(),
            **{
                name: edit.keySequence().toString(QKeySequence.SequenceFormat.PortableText)
                for name, edit in (
                    ("clipboard_key", self.clipboard_key),
                    ("type_key", self.type_key),
                    ("board_key", self.board_key),
                )
            },
        }

    def _check(self) -> None:
        try:
            told = checked(self.server.text())
            checked_key(self.key.text())
        except AddressWrong as wrong:
            self._say(wrong.sentence, right=False)
        else:
            self._say("" if told == self.server.text() else Sentence("address_asked", url=told), right=True)

    def _say(self, told: str, *, right: bool) -> None:
        self.wrong.setText(self._tell.said(told))
        self.buttons.button(QDialogButtonBox.StandardButton.Save).setEnabled(right)

    def _choose(self) -> None:
        start = self.folder.text() or str(Path.home())
        if chosen := QFileDialog.getExistingDirectory(self, self._tell("folder_title"), start):
            self.folder.setText(chosen)
