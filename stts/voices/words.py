"""How many words of a transcript were heard in its recording, in their order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from stts.text.english import spoken_english

MOST_WORDS = 1000
"""Words of each text that are compared: their product is work."""

_WORD = re.compile(r"[\w']+")
_DENSE = re.compile(r"[\u0e00-\u0e4f\u3041-\u30fa\u3400-\u4dbf\u4e00-\u9fff]")
"""Letters of scripts without spaces between words: each counts as a word."""


@dataclass(frozen=True, slots=True)
class WordsFound:
    found: int
    spoken: int
    """Words of the transcript."""


def words_found(transcript: str, heard: str, *, english: bool = False) -> WordsFound:
    """Compares without case and punctuation; other words in between do not count. `english`: numbers as words."""
    if english:
        transcript, heard = spoken_english(transcript), spoken_english(heard)
    wanted, got = _words(transcript), _words(heard)
    row = [0] * (len(wanted) + 1)
    for word in got:
        diagonal = 0
        for place, want in enumerate(wanted, 1):
            diagonal, row[place] = row[place], max(row[place], row[place - 1], diagonal + (word == want))
    return WordsFound(row[-1], len(wanted))


def _words(text: str) -> Sequence[str]:
    spaced = _DENSE.sub(r" \g<0> ", text.casefold().replace("\u2019", "'"))
    return _WORD.findall(spaced)[:MOST_WORDS]
