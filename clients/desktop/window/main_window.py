"""The window as a whole: panels, keys and the line that tells what goes on."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from clients.desktop.model.catalogue import Voice, engine_of
from clients.desktop.model.client import Client
from clients.desktop.model.history import Entry, HistoryFailed
from clients.desktop.model.parameters import Parameter
from clients.desktop.model.references import Reference
from clients.desktop.sentences import WindowSentences
from clients.desktop.window import theme
from clients.desktop.window.history_panel import HistoryPanel
from clients.desktop.window.hotkeys import Hotkeys
from clients.desktop.window.named import button
from clients.desktop.window.outputs_panel import OutputsPanel
from clients.desktop.window.phrase_board import PhraseBoard
from clients.desktop.window.phrases_panel import KEYS, PhrasesPanel
from clients.desktop.window.settings_dialog import SettingsDialog
from clients.desktop.window.show_file import show_in_folder
from clients.desktop.window.speech_panel import SpeechPanel
from clients.desktop.window.status import Status
from clients.desktop.window.type_line import TypeLine

SIZE = (1040, 720)
KEY_SETTINGS = ("clipboard_key", "type_key", "board_key")
"""Settings that name keys which work while another program has the keyboard."""


class MainWindow(QWidget):
    def __init__(self, client: Client, tell: WindowSentences) -> None:
        super().__init__()
        self.setWindowTitle("STTS")
        self.resize(*SIZE)
        self.client, self.tell = client, tell
        settings = client.settings
        self.speech = SpeechPanel(tell, settings)
        self.outputs = OutputsPanel(tell, settings.cable, settings.ears)
        self.phrases = PhrasesPanel(tell, settings.phrases)
        self.history = HistoryPanel(tell)
        self.status = Status(tell)
        self.type_line, self.board = TypeLine(tell), PhraseBoard(tell)
        self.hotkeys = Hotkeys(self)
        self._voices: tuple[Voice, ...] = ()
        self._recordings: tuple[Reference, ...] = ()
        self._known: tuple[str, tuple[Parameter, ...]] = ("", ())
        self._arrange()
        self._connect()
        self._shortcuts()
        self.history.show_entries(client.history.entries())
        self.show_voices(())
        self._hold_keys()
        self.speech.words.setFocus()

    def _arrange(self) -> None:
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.outputs)
        column.addWidget(self.phrases, 2)
        column.addWidget(self.history, 2)
        split = QSplitter(Qt.Orientation.Horizontal)
        # From right to left the first of a splitter loses its outermost line.
        left = QWidget()
        around = QVBoxLayout(left)
        around.setContentsMargins(2, 0, 2, 0)
        around.addWidget(self.speech)
        split.addWidget(left)
        split.addWidget(right)
        split.setSizes([SIZE[0] // 2, SIZE[0] // 2])
        split.setChildrenCollapsible(False)
        below = QHBoxLayout()
        below.addWidget(self.status, 1)
        below.addWidget(button(self.tell("ask_again"), self.refresh, "F5"))
        below.addWidget(button(self.tell("settings"), self.open_settings, "Ctrl+,"))
        layout = QVBoxLayout(self)
        layout.addWidget(split, 1)
        layout.addLayout(below)

    def _connect(self) -> None:
        self.speech.speak.connect(self.say)
        self.speech.nothing_to_say.connect(lambda: self.status.notice(self.tell("nothing_to_say")))
        self.speech.skip.connect(self.client.skip)
        self.speech.stop.connect(self.client.stop)
        self.speech.voice_chosen.connect(lambda voice: self._change(voice=voice))
        self.speech.tuned.connect(
            lambda speed, pitch, language: self._change(speed=speed, pitch=pitch, language=language)
        )
        self.speech.parameters.changed.connect(self._tuned)
        self.outputs.changed.connect(lambda cable, ears: self._change(cable=cable, ears=ears))
        self.phrases.speak.connect(self.say)
        self.phrases.changed.connect(lambda phrases: self._change(phrases=phrases))
        self.type_line.speak.connect(self.say)
        self.board.speak.connect(self.say)
        self.history.play.connect(lambda entry: self.client.replay(entry.path, entry.text))
        self.history.save.connect(self.save_copy)
        self.history.remove.connect(self.remove)
        self.history.show_in_folder.connect(self._show_in_folder)

    def _shortcuts(self) -> None:
        pressed: dict[str, Any] = {
            "Escape": self.client.stop,
            "Ctrl+K": self.client.skip,
            "Ctrl+L": self.speech.words.setFocus,
            "Ctrl+,": self.open_settings,
            "F5": self.refresh,
            **{f"Ctrl+{number}": lambda number=number: self.phrases.say(number) for number in range(1, KEYS + 1)},
        }
        for keys, done in pressed.items():
            QShortcut(QKeySequence(keys), self, done)

    def say(self, text: str) -> None:
        self.client.say(text)

    def say_clipboard(self) -> None:
        if text := QGuiApplication.clipboard().text().strip():
            self.say(text)
        else:
            self.status.notice(self.tell("clipboard_empty"))

    def bring_up_board(self) -> None:
        if self.phrases.phrases:
            self.board.bring_up(self.phrases.phrases)
        else:
            self.status.notice(self.tell("no_phrases"))

    def refresh(self) -> None:
        """Looks at the server, and at the folder references, once more."""
        self.client.look()

    def show_voices(self, voices: tuple[Voice, ...]) -> None:
        self._voices = voices
        self.speech.show_voices(voices, self._recordings)

    def show_recordings(self, found: tuple[Reference, ...]) -> None:
        self._recordings = found
        self.speech.show_voices(self._voices, found)

    def show_parameters(self, engine: str, known: tuple[Parameter, ...]) -> None:
        if (engine, known) != self._known:
            self._known = (engine, known)
            self.speech.parameters.show_parameters(known, self.client.settings.parameters.get(engine, {}))

    def open_settings(self) -> None:
        dialog = SettingsDialog(self.tell, self.client.settings, self)
        kept = dialog.exec() == QDialog.DialogCode.Accepted
        changes = dialog.changes if kept else {}
        dialog.deleteLater()
        if kept:
            self.client.change(**changes)
            self._hold_keys({name: changes[name] for name in KEY_SETTINGS})
            application = QApplication.instance()
            assert isinstance(application, QApplication)
            theme.apply(changes["theme"], application)

    def save_copy(self, entry: Entry) -> None:
        target, _ = QFileDialog.getSaveFileName(
            self, self.tell("save_title"), str(Path.home() / entry.path.name), "WAV (*.wav)"
        )
        if target:
            try:
                shutil.copyfile(entry.path, target)
            except OSError as error:
                self.status.problem(self.tell("cannot_be_written", name=target, reason=error.strerror))

    def remove(self, entry: Entry) -> None:
        try:
            self.client.history.remove(entry.path)
            self.history.forget(entry.path)
        except HistoryFailed as failed:
            self.status.problem(failed.sentence)

    def _show_in_folder(self, entry: Entry) -> None:
        if not show_in_folder(entry.path):
            self.status.notice(self.tell("shows_no_folders", file=entry.path))

    def _tuned(self, name: str, value: object) -> None:
        settings = self.client.settings
        engine = engine_of(settings.voice)
        of_engine = {**settings.parameters.get(engine, {}), name: value}
        self._change(parameters={**settings.parameters, engine: of_engine})

    def _change(self, **changed: Any) -> None:
        self.client.change(**changed)

    def _hold_keys(self, changed: Mapping[str, str] | None = None) -> None:
        """`changed`: keys that are the client's in a moment."""
        keys = changed or {name: getattr(self.client.settings, name) for name in KEY_SETTINGS}
        done = dict(zip(KEY_SETTINGS, (self.say_clipboard, self.type_line.bring_up, self.bring_up_board), strict=True))
        wanted = {keys[name]: done[name] for name in KEY_SETTINGS if keys[name]}
        if refused := self.hotkeys.hold(wanted):
            self.status.notice(self.tell("keys_refused", keys=self.tell.listed(refused)))
        # Where the system gives them to nobody, they work at least here.
        for old in self.findChildren(QShortcut, "own"):
            old.deleteLater()
        for each in refused:
            QShortcut(QKeySequence(each), self, wanted[each]).setObjectName("own")

    def closeEvent(self, event: QCloseEvent) -> None:
        self.hotkeys.close()
        self.type_line.close()
        self.board.close()
        event.accept()
        QApplication.quit()
