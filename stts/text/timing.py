"""When each character and word of a spoken piece of text is heard, as far as engine, text and length tell.

Some engines say when they say a word. Others make sound and say nothing of the words in it: what a piece lasts is
known, and a piece is a sentence or a clause; within it, and within a word, time goes by how long sounds of its kind
last: vowels longer than consonants, numbers as long as their words, marks as long as their pauses. On average a word is
told 0.14 s from where a small recogniser hears it begin.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from stts.spoken_words import SpokenWord

_VOWELS = frozenset("aeiouy")
_DIGIT, _WIDE, _VOWEL, _CONSONANT = 3.6, 2.6, 1.15, 0.95
_SENTENCE, _CLAUSE, _SPACE, _SILENT = 3.2, 2.4, 0.35, 0.0
"""Weights of characters; 1 is about 60 ms of speech."""
_SENTENCE_MARKS = frozenset(".!?…。！？")
_CLAUSE_MARKS = frozenset(",;:–—、，；：")
_WORD = re.compile(r"\S+")
SEARCHED_CHARACTERS = 500
"""Text that is looked through for the next piece, beside the length of that."""


@dataclass(frozen=True, slots=True)
class TimedText:
    """A text with the time at which each of its characters begins, and at which the last one ends."""

    text: str
    bounds: tuple[float, ...]
    """Seconds; one more than the text has characters, and never falling."""

    @property
    def starts(self) -> Sequence[float]:
        return self.bounds[:-1]

    @property
    def ends(self) -> Sequence[float]:
        return self.bounds[1:]

    def words(self) -> list[tuple[str, float, float]]:
        """Each word with its marks, its start, and its end, which leaves out the pause of a mark behind it."""
        return [
            (found[0], self.bounds[found.start()], self.bounds[found.start() + _sounding(found[0])])
            for found in _WORD.finditer(self.text)
        ]


class PlacedText:
    """Finds the pieces of a text in it, one after the other, and gives times to what lies between them as well."""

    def __init__(self, text: str | None, separator: str = " ") -> None:
        """`text`: None where it is still being written. `separator`: what stands between pieces that are not found."""
        self._text = text
        self._separator = separator
        self._at = 0
        self._begun = False

    def place(self, piece: TimedText) -> TimedText:
        """The piece as it is written, with what stands before it in the text."""
        start = piece.bounds[0]
        between = self._separator if self._begun else ""
        self._begun = True
        if self._text is not None and (found := self._find(self._text, piece.text)) is not None:
            between = self._text[self._at : found.start()]
            self._at = found.end()
            if found[0] != piece.text:
                piece = _respaced(piece, found[0])
        return TimedText(between + piece.text, (start,) * len(between) + piece.bounds)

    def _find(self, text: str, piece: str) -> re.Match[str] | None:
        """Near the end of the one before: what is spoken has other white space, and markup is left out of it."""
        written = re.compile(r"\s+".join(map(re.escape, piece.split())))
        return written.search(text, self._at, self._at + 2 * len(piece) + SEARCHED_CHARACTERS)


def timed(text: str, start: float, seconds: float, words: Sequence[SpokenWord] = ()) -> TimedText:
    """The times of a piece that begins at `start` and lasts so long. `words`: those that its engine has told of it."""
    if not text:
        return TimedText(text, (start,))
    known, end = [(0, start)], start + seconds
    for word in words:
        sounds = word.place + _sounding(text[word.place : word.end])
        for place, second in ((word.place, word.begins), (sounds, word.ends)):
            known.append((max(place, known[-1][0]), min(max(second, known[-1][1]), end)))
    known.append((len(text), end))
    bounds: list[float] = []
    for (begin, since), (behind, until) in pairwise(known):
        bounds += _spread(text, begin, behind, since, until)
    return TimedText(text, (*bounds, end))


def _spread(text: str, begin: int, end: int, since: float, until: float) -> Iterator[float]:
    """The beginnings of characters that go from one second to another."""
    weights = [_weight(text, place) for place in range(begin, end)]
    total = sum(weights)
    if not total:
        weights, total = [1.0] * len(weights), float(len(weights)) or 1.0
    scale = (until - since) / total
    return (
        min(since + done * scale, until) for done, _ in zip(accumulate(weights, initial=0.0), weights, strict=False)
    )


def _respaced(piece: TimedText, written: str) -> TimedText:
    """The piece with other white space, which begins with what follows it."""
    sounds = zip(piece.text, piece.starts, strict=True)
    starts = iter([start for character, start in sounds if not character.isspace()])
    own = [None if character.isspace() else next(starts) for character in written]
    found, following = list[float](), piece.bounds[-1]
    for start in reversed(own):
        following = following if start is None else start
        found.append(following)
    return TimedText(written, (*reversed(found), piece.bounds[-1]))


def _weight(text: str, place: int) -> float:
    character = text[place]
    kind = unicodedata.category(character)
    if kind == "Nd":
        return _DIGIT
    if kind.startswith("L"):
        if unicodedata.east_asian_width(character) in "WF":
            return _WIDE
        return _VOWEL if _is_vowel(character) else _CONSONANT
    if kind.startswith("Z") or character.isspace():
        return _SPACE
    # A mark is a pause at the end of a word; within one (`3.5`, `e.g.`) it is none.
    if not text[place + 1 : place + 2].strip():
        if character in _SENTENCE_MARKS:
            return _SENTENCE
        if character in _CLAUSE_MARKS:
            return _CLAUSE
    return _SILENT


def _is_vowel(character: str) -> bool:
    plain = unicodedata.normalize("NFD", character)[0].lower()
    return plain in _VOWELS


def _sounding(word: str) -> int:
    """Length of a word without the marks at its end; all of it where there is nothing else."""
    length = len(word)
    while length > 0 and not word[length - 1].isalnum():
        length -= 1
    return length or len(word)
