"""Phrases that are said with one press."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from clients.desktop.model.settings import LONGEST_PHRASE, MOST_PHRASES
from clients.desktop.sentences import WindowSentences
from clients.desktop.window.named import button

COLUMNS = 2
LETTERS = 30
KEYS = 9
"""The first so many have keys of their own: Ctrl+1 and so on."""


class PhrasesPanel(QGroupBox):
    speak = Signal(str)
    changed = Signal(object)

    def __init__(self, tell: WindowSentences, phrases: tuple[str, ...]) -> None:
        super().__init__(tell("phrases_title"))
        self._tell = tell
        self.phrases = phrases
        board = QWidget()
        self._grid = QGridLayout(board)
        self._grid.setContentsMargins(0, 0, 0, 0)
        scroll = QScrollArea()
        scroll.setWidget(board)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        self.edit = button(tell("edit_phrases"), self._edit)
        below = QHBoxLayout()
        below.addStretch(1)
        below.addWidget(self.edit)
        layout = QVBoxLayout(self)
        layout.addWidget(scroll, 1)
        layout.addLayout(below)
        self._show()

    def say(self, number: int) -> None:
        """The first is 1."""
        if number <= len(self.phrases):
            self.speak.emit(self.phrases[number - 1])

    def _show(self) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            item.widget().deleteLater()
        for place, phrase in enumerate(self.phrases):
            short = phrase if len(phrase) <= LETTERS else f"{phrase[:LETTERS]}…"
            keys = f"Ctrl+{place + 1}" if place < KEYS else ""
            # An ampersand would underline the next letter.
            made = button(
                short.replace("&", "&&"), partial(self.say, place + 1), keys, self._tell("say_phrase", phrase=phrase)
            )
            made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            self._grid.addWidget(made, place // COLUMNS, place % COLUMNS)
        if not self.phrases:
            empty = QLabel(self._tell("no_phrases_here"))
            empty.setWordWrap(True)
            self._grid.addWidget(empty, 0, 0, 1, COLUMNS)
        for column in range(COLUMNS):
            self._grid.setColumnStretch(column, 1)
        self._grid.setRowStretch(len(self.phrases), 1)

    def _edit(self) -> None:
        before = "\n".join(self.phrases)
        text, wanted = QInputDialog.getMultiLineText(
            self, self._tell("phrases_title"), self._tell("phrase_a_line"), before
        )
        if wanted:
            self.put(text)

    def put(self, text: str) -> None:
        lines = (line.strip()[:LONGEST_PHRASE] for line in text.splitlines())
        self.phrases = tuple(line for line in lines if line)[:MOST_PHRASES]
        self._show()
        self.changed.emit(self.phrases)
