"""Local agreement: commits the words of a growing transcript on which hypotheses agree. Pure; never takes back.

Words on which consecutive hypotheses agree are committed, except the newest, which is still being spoken. What is
committed stays, whatever the engine thinks of it later: later texts are aligned with it, word by word, and go on from
there. So the deltas joined are always the final text.

A long utterance comes in parts, each of which is decided before the next: hypotheses are only of what is not decided
yet. So an hour costs no more at its end than at its beginning, and what one part was thought to say takes no words of
the next.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

AGREEING = 2
"""Consecutive hypotheses that must say the same."""
HELD = 1
"""Newest words that are not committed, however many hypotheses agree."""

LEAST_WRONG, MOST_WRONG = 2, 0.2
"""A text contradicts the committed words from so many differences on, and beyond this part of the words."""

UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"  # kana, Han
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
"""Letters of scripts that put no spaces between words, for a class of a regular expression."""
_MARKS = "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u17b4-\u17d3\u3099\u309a\u30fc"
"""Combining marks: they belong to the letter before them."""
_PUNCTUATION = re.compile(r"[^\w]+")


@cache
def _word() -> re.Pattern[str]:
    return re.compile(rf"(\s*)([{UNSPACED}][{_MARKS}]*[^\w\s]*|[^\s{UNSPACED}]+)")


@cache
def _unspaced() -> re.Pattern[str]:
    return re.compile(rf"[{UNSPACED}]")


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    space: str
    """Separator from the previous word: a space or nothing."""
    key: str
    """Words that differ in case and punctuation alone are the same."""


class Agreement:
    """Local agreement of one utterance."""

    def __init__(self, agreeing: int = AGREEING, held: int = HELD) -> None:
        self._held = held
        self._emitted: list[str] = []
        """All deltas sent so far."""
        self._committed: list[_Word] = []
        """Committed words of the part that is not final."""
        self._earlier: deque[list[_Word]] = deque(maxlen=agreeing - 1)
        """Words of the last hypotheses beyond those committed then."""

    @property
    def committed(self) -> str:
        """All deltas joined."""
        return "".join(self._emitted)

    def hear(self, hypothesis: str) -> tuple[str, str]:
        """Takes the next hypothesis of the part that is not final; returns (`stable_delta`, `tail`)."""
        rest = self._rest(_words(hypothesis))
        stable = min((_alike(rest, earlier) for earlier in self._earlier), default=0) if self._full else 0
        stable = max(0, min(stable, len(rest) - self._held))
        delta = self._commit(rest[:stable])
        for earlier in self._earlier:
            del earlier[:stable]
        self._earlier.append(list(rest[stable:]))
        return delta, self._follow(rest[stable:])

    def whole(self, text: str) -> str:
        """The whole text if `text` were the final transcript of the open part."""
        return self.committed + self._follow(self._rest(_words(text)))

    def commit(self, text: str, *, all_heard: bool = True) -> str:
        """Commits the final text of the open part; returns its last `stable_delta`. Later hypotheses begin behind it.

        `all_heard`: no hypothesis was of more than this; else words that were committed may belong to what follows.
        """
        words = _words(text)
        rest = self._rest(words)
        delta = self._commit(rest)
        if all_heard or rest:
            self._committed.clear()
        else:
            del self._committed[: _aligned(_keys(words), _keys(self._committed))[0]]
        self._earlier.clear()
        return delta

    def settle(self, text: str) -> str:
        """Commits the words of the open part so far, which goes on; returns the last `stable_delta` of them."""
        delta = self._commit(self._rest(_words(text)))
        self._earlier.clear()
        return delta

    def contradicted(self, text: str, *, all_heard: bool = True) -> bool:
        """Whether a text of the open part is another than was committed of it, beyond what guesses usually miss.

        `all_heard`: as for `commit`.
        """
        committed, heard = _keys(self._committed), _keys(_words(text))
        wrong = _aligned(committed, heard)[1]
        if not all_heard:
            wrong = min(wrong, _aligned(heard, committed)[1])
        return wrong >= LEAST_WRONG and wrong > MOST_WRONG * len(committed)

    @property
    def _full(self) -> bool:
        return len(self._earlier) == self._earlier.maxlen

    def _commit(self, words: Sequence[_Word]) -> str:
        delta = self._follow(words)
        self._committed += words
        if delta:
            self._emitted.append(delta)
        return delta

    def _follow(self, words: Sequence[_Word]) -> str:
        """The text of `words` as it follows all that was sent."""
        text = "".join(word.space + word.text for word in words)
        return text if self._emitted else text.lstrip(" ")

    def _rest(self, words: Sequence[_Word]) -> Sequence[_Word]:
        """The words beyond the committed ones."""
        return words[_aligned(_keys(self._committed), _keys(words))[0] :]


def _words(text: str) -> list[_Word]:
    words: list[_Word] = []
    for space, word in _word().findall(text):
        apart = bool(space) or (not words and not _unspaced().match(word))
        words.append(_Word(word, " " if apart else "", _PUNCTUATION.sub("", word).casefold() or word))
    return words


def _keys(words: Sequence[_Word]) -> list[str]:
    return [word.key for word in words]


def _alike(one: Sequence[_Word], other: Sequence[_Word]) -> int:
    """Number of words that both begin with."""
    pairs = zip(one, other, strict=False)
    return next((index for index, (a, b) in enumerate(pairs) if a.key != b.key), min(len(one), len(other)))


def _aligned(committed: Sequence[str], heard: Sequence[str]) -> tuple[int, int]:
    """Index at which the committed words end in a new hypothesis, and how many differ until there.

    They end after the beginning that differs least from them, by the distance of Levenshtein.
    """
    same = next(
        (index for index, (a, b) in enumerate(zip(committed, heard, strict=False)) if a != b),
        min(len(committed), len(heard)),
    )
    committed, heard = committed[same:], heard[same:]
    row = list(range(len(heard) + 1))
    for number, wanted in enumerate(committed, 1):
        diagonal, row[0] = row[0], number
        for index, got in enumerate(heard, 1):
            diagonal, row[index] = row[index], min(row[index] + 1, row[index - 1] + 1, diagonal + (wanted != got))
    best = min(range(len(row)), key=lambda index: (row[index], abs(index - len(committed)), -index))
    return same + best, row[best]
