"""Words with times out of what sherpa-onnx gives: tokens, and the second at which each was decided on."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from stts.engine_api import Token, Word
from stts.text.agreement import UNSPACED

LAST_SECONDS = 0.2
"""Longest that the last token of a word is taken to sound: the library tells where tokens begin, not where they end."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A result of the library."""

    text: str
    tokens: Sequence[str] = ()
    times: Sequence[float] = ()
    """Second of each token; empty where the model has none."""
    scores: Sequence[float] = ()
    """Log probability of each token; empty where the library does not tell it."""

    @classmethod
    def read(cls, result: Any, *, capitals: bool) -> Heard:
        """Reads a result of the library. `capitals`: the model writes nothing but capital letters."""
        text, tokens = result.text.strip(), list(result.tokens)
        if capitals:
            text, tokens = text.lower(), [token.lower() for token in tokens]
        scores = list(result.ys_probs if hasattr(result, "ys_probs") else result.ys_log_probs)
        times = list(result.timestamps)
        size = len(tokens)
        return cls(text, tokens, times if len(times) == size else (), scores if len(scores) == size else ())

    @property
    def score(self) -> float | None:
        """Mean log probability of its tokens."""
        return sum(self.scores) / len(self.scores) if self.scores else None

    def likely(self) -> tuple[Token, ...]:
        """Its tokens with what the library tells of them; none for models of which it tells nothing."""
        texts = [token.replace("▁", " ").removesuffix("@@") for token in self.tokens]
        found = zip(texts, self.scores, strict=True) if self.scores else ()
        return tuple(Token(text, min(float(score), 0.0), text.encode()) for text, score in found)

    def words(self, seconds: float) -> tuple[Word, ...]:
        """Its words in audio of so many seconds.

        None at all where tokens have no times, or do not make up the text (parts of letters, numbers in digits).
        """
        spoken = _spoken(self) if self.times else []
        following = [*spoken[1:], None]
        return (
            tuple(_word(each, after, seconds) for each, after in zip(spoken, following, strict=True)) if spoken else ()
        )


@dataclass(slots=True)
class _Spoken:
    """A word that is being put together."""

    text: str
    start: float
    last: float
    """Second of its last token."""
    scores: list[float] = field(default_factory=list)


@cache
def _unspaced() -> re.Pattern[str]:
    return re.compile(f"[{UNSPACED}]")


def _spoken(heard: Heard) -> list[_Spoken]:
    """Finds each token in the text, in order; where a space or a letter without spaces comes, a word begins."""
    spoken: list[_Spoken] = []
    position = 0
    for number, (token, time) in enumerate(zip(heard.tokens, heard.times, strict=True)):
        piece = token.strip(" ▁").removesuffix("@@")
        start = heard.text.find(piece, position)
        between = heard.text[position:start]
        if start < 0 or between.strip():
            return []
        if not piece:
            continue
        if not spoken or between or _unspaced().match(piece) or _unspaced().match(heard.text[start - 1]):
            spoken.append(_Spoken("", time, time))
        word = spoken[-1]
        word.text, word.last = word.text + piece, time
        word.scores += heard.scores[number : number + 1]
        position = start + len(piece)
    return [] if heard.text[position:].strip() else spoken


def _word(spoken: _Spoken, following: _Spoken | None, seconds: float) -> Word:
    end = spoken.last + LAST_SECONDS
    if following is not None:
        end = min(end, following.start)
    start = min(max(spoken.start, 0.0), seconds)
    probability = math.exp(sum(spoken.scores) / len(spoken.scores)) if spoken.scores else None
    return Word(
        spoken.text, start, min(max(end, start), seconds), None if probability is None else min(probability, 1.0)
    )
