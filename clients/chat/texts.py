"""Sentences of a program in several languages, a file each."""

from __future__ import annotations

import json
import re
import unicodedata
from functools import cached_property
from pathlib import Path

from clients.chat.languages import RIGHT_TO_LEFT, primary

FALLBACK = "en"
LANGUAGES = ("en", "de", "fa")
DECIMAL_COMMA = ("de",)
_ISOLATE, _END = "\u2068", "\u2069"
_LEFT_TO_RIGHT, _RIGHT_TO_LEFT = "\u200e", "\u200f"
_COMMAND = re.compile(r"(?<![\w/])/[a-z]+")
_ISOLATED = re.compile(f"{_ISOLATE}[^{_ISOLATE}{_END}]*{_END}")
_TURNING = ("RLE", "RLO", "LRE", "LRO", "PDF", "RLI", "LRI", "FSI", "PDI")


def language_of(*wanted: str | None) -> str:
    """The first of these that there are sentences in."""
    return next((primary(name) for name in wanted if name and primary(name) in LANGUAGES), FALLBACK)


class Texts:
    """Reads the sentences of a folder when the first of them is wanted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _sentences(self) -> dict[str, dict[str, str]]:
        files = {language: self._folder / f"{language}.json" for language in LANGUAGES}
        return {language: dict(json.loads(file.read_text(encoding="utf-8"))) for language, file in files.items()}

    def sentence(self, language: str, key: str, /, **values: object) -> str:
        """A sentence with its values, each of which keeps its own direction; a float is written as people there do.

        Where it runs from right to left, each of its lines does, and a command stands as it is written.
        """
        backwards = language in RIGHT_TO_LEFT
        shown = {name: _isolated(_written(value, language), backwards) for name, value in values.items()}
        template = self._sentences[language][key]
        if not backwards:
            return template.format(**shown)
        told = _COMMAND.sub(rf"{_LEFT_TO_RIGHT}\g<0>", template).format(**shown)
        return "\n".join(_begun_right(line) for line in told.split("\n"))


def number(value: float, language: str) -> str:
    """A number as people write it, with few digits."""
    written = str(int(value)) if value.is_integer() else f"{value:g}"
    return written.replace(".", "," if language in DECIMAL_COMMA else ".")


def _written(value: object, language: str) -> str:
    return number(value, language) if isinstance(value, float) else str(value)


def _isolated(value: str, backwards: bool) -> str:
    """Without it a name or number of the other direction turns the words around it. It ends with its line."""
    return "\n".join(
        f"{_ISOLATE}{line}{_END}" if _is_backwards(line) != backwards or _turns(line) else line
        for line in value.split("\n")
    )


def _is_backwards(line: str) -> bool:
    return any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in line)


def _turns(line: str) -> bool:
    return any(unicodedata.bidirectional(letter) in _TURNING for letter in line)


def _begun_right(line: str) -> str:
    """A line is laid out by its first letter, of those that are not isolated."""
    outside = _ISOLATED.sub("", line)
    first = next((kind for kind in map(unicodedata.bidirectional, outside) if kind in ("L", "R", "AL")), "")
    return f"{_RIGHT_TO_LEFT}{line}" if first == "L" or (not first and _ISOLATE in line) else line
