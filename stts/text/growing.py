"""Cuts text that is still being written, so that it is spoken while it is. The same cuts as in a whole text, but none
is made before something follows it: `3.` may become `3.5`, and a full stop may turn out to be that of `Dr. Smith`."""

from __future__ import annotations

import re
from enum import Enum

from stts.text.sentences import LOOKAHEAD, TextCutter

LONGEST_UNIT = 300
"""Characters after which no end of sentence, clause or word is waited for any more."""
FEW_WORDS = 4
"""That may be spoken alone where somebody waits and there is no end of a clause."""

_NUMBERING = re.compile(r"\W*\d+[.)]")


class Unit(Enum):
    """What is spoken alone, without what is written next."""

    SENTENCE = 1
    CLAUSE = 2
    """A sentence, else a clause."""
    WORDS = 3
    """A sentence, else a clause, else a few words."""


class GrowingCutter(TextCutter):
    """`add` what is written; where `ready`, take pieces as of any text."""

    def __init__(self, language: str | None) -> None:
        super().__init__("", language)
        self._settled = 0
        """Up to here the text may be spoken whatever follows."""
        self.closed = False

    @property
    def done(self) -> bool:
        """The text is complete and all is taken."""
        return self.closed and self._at >= len(self._text.rstrip())

    def add(self, text: str) -> None:
        if text:
            self._text = self._text[self._at :] + text
            self._end, self._settled, self._at = self._end - self._at, self._settled - self._at, 0

    def flush(self) -> None:
        """What was added so far waits for nothing any more."""
        self._settled = len(self._text)

    def close(self) -> None:
        """Nothing will be added."""
        self.flush()
        self.closed = True

    def ready(self, unit: Unit, min_characters: int = 1) -> bool:
        """Whether there is a piece to take, where this much is spoken alone."""
        end, self._end = self._end, len(self._text)
        self._at = self._skip_space(self._at)
        if self._settled > self._at:
            end = len(self._text[: self._settled].rstrip())
        elif self._at >= end:
            end = self._at + self._unit(unit, min_characters)
        self._end = end
        return self._at < end

    def _unit(self, unit: Unit, shortest: int) -> int:
        """Characters of the longest piece that waits for nothing; 0: there is none."""
        window = self._text[self._at : self._at + LONGEST_UNIT + LOOKAHEAD]
        if len(window) == LONGEST_UNIT + LOOKAHEAD:
            return self._cut(LONGEST_UNIT, shortest)
        sentences, clauses, words = self._ends(window)
        for cuts in (sentences, clauses, words[FEW_WORDS - 1 :])[: unit.value]:
            for cut in reversed(cuts):
                if cut >= shortest and self._good_rest(cut, 1) and not _NUMBERING.fullmatch(window[:cut]):
                    return cut
        return 0
