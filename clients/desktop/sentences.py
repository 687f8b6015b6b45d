"""All that the client says to people, in three languages; a sentence is made where it is known, and said in a window.

A `Sentence` is its English text, so that a terminal and a log need no language, and knows how others say it.
"""

from __future__ import annotations

import locale
import os
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path

from clients.chat.languages import RIGHT_TO_LEFT
from clients.chat.texts import FALLBACK, LANGUAGES, Texts, language_of

FOLDER = Path(__file__).parent / "texts"
OWN_NAMES = dict(zip(LANGUAGES, ("English", "Deutsch", "فارسی"), strict=True))
"""Languages as those who speak them call them."""
_TEXTS = Texts(FOLDER)


class Sentence(str):
    key: str
    values: Mapping[str, object]

    def __new__(cls, key: str, /, **values: object) -> Sentence:
        made = super().__new__(cls, _TEXTS.sentence(FALLBACK, key, **values))
        made.key, made.values = key, values
        return made


class Explained(Exception):
    """An error whose sentence is for people."""

    def __init__(self, sentence: str) -> None:
        super().__init__(str(sentence))
        self.sentence = sentence


class WindowSentences:
    """Sentences in the language of a window."""

    def __init__(self, language: str = FALLBACK) -> None:
        self.language = language

    def __call__(self, key: str, /, **values: object) -> str:
        return self.said(Sentence(key, **values))

    def said(self, told: str) -> str:
        """A sentence in this language, also those inside it. What is none, as a server's own words, is left alone."""
        if not isinstance(told, Sentence):
            return told
        values = {name: self.said(value) if isinstance(value, str) else value for name, value in told.values.items()}
        return _TEXTS.sentence(self.language, told.key, **values)

    def listed(self, told: Iterable[str]) -> str:
        return self("comma").join(self.said(each) for each in told)

    def kept_apart(self, value: str) -> str:
        """A value beside others, which keeps its own direction where the language runs from right to left."""
        return f"\u2068{value}\u2069" if self.right_to_left else value

    @property
    def right_to_left(self) -> bool:
        return self.language in RIGHT_TO_LEFT


def right_to_left(text: str, *, otherwise: bool) -> bool:
    """The way in which a text runs, by its first letter; `otherwise`: that of a text without letters."""
    kinds = (unicodedata.bidirectional(letter) for letter in text)
    first = next((kind for kind in kinds if kind in ("L", "R", "AL")), None)
    return otherwise if first is None else first != "L"


def chosen_language(wanted: str) -> str:
    """The language that somebody has chosen, else that of the desktop, else English."""
    named = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    system = next((name for name in named if name), locale.getlocale()[0] or "")
    return language_of(wanted or None, system.replace("_", "-"))
