"""Cuts text that is still being written, so that it is spoken while it is. The same cuts as in a whole text, but none
is made before something follows it: `3.` may become `3.5`, and a full stop may turn out to be that of `Dr. Smith`."""

from __future__ import annotations

import re
from enum import Enum

from stts.text.sentences import LOOKAHEAD, Phrases, TextCutter

LONGEST_UNIT = 300
"""Characters after which no end of sentence, clause or word is waited for any more."""
FEW_WORDS = 4
"""Words that may be spoken alone if a listener waits and no clause has ended."""

_NUMBERING = re.compile(r"\W*\d+[.)]")


class Unit(Enum):
    """The smallest unit of text that is spoken before more is written."""

    SENTENCE = 1
    CLAUSE = 2
    """A sentence, else a clause."""
    WORDS = 3
    """A sentence, else a clause, else a few words."""


class GrowingCutter(TextCutter):
    """`add` what is written; where `ready`, take pieces as of any text."""

    def __init__(self, language: str | None, phrases: Phrases | None = None) -> None:
        super().__init__("", language, phrases)
        self._settled = 0
        """Characters that may be spoken whatever follows."""
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
        """Makes all text added so far ready, whatever follows."""
        self._settled = len(self._text)

    def close(self) -> None:
        """Nothing will be added."""
        self.flush()
        self.closed = True

    def ready(self, unit: Unit, min_characters: int = 1) -> bool:
        """True if there is a piece to take when `unit` is the smallest one spoken alone."""
        end, self._end = self._end, len(self._text)
        self._at = self._skip_space(self._at)
        if self._settled > self._at:
            end = len(self._text[: self._settled].rstrip())
        elif self._at >= end:
            end = self._at + self._unit(unit, min_characters)
        self._end = end
        return self._at < end

    @property
    def _has_ended(self) -> bool:
        return self._settled > self._at

    def _unit(self, unit: Unit, shortest: int) -> int:
        """Characters of the longest piece that is ready; 0 for none."""
        window = self._text[self._at : self._at + LONGEST_UNIT + LOOKAHEAD]
        if len(window) == LONGEST_UNIT + LOOKAHEAD:
            return self._cut(LONGEST_UNIT, shortest)
        sentences, clauses, words = self._ends(window)
        for cuts in (sentences, clauses, words[FEW_WORDS - 1 :])[: unit.value]:
            for cut in reversed(cuts):
                if cut >= shortest and self._good_rest(cut, 1) and not _NUMBERING.fullmatch(window[:cut]):
                    return cut
        return 0
