"""Words as they are spoken: where each stands in a text, and when it is heard. Plain values."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word of a text in the audio that speaks it."""

    place: int
    """Characters of the text before it."""
    length: int
    begins: float
    """Seconds of the audio before its first sound."""
    ends: float

    @property
    def end(self) -> int:
        """Characters of the text up to its end."""
        return self.place + self.length

    def moved(self, *, seconds: float = 0.0, characters: int = 0) -> SpokenWord:
        """The same word in audio, or a text, that has so much more before it."""
        # Not by `replace`: an answer has a dozen words that move several times, and it takes three times as long.
        return SpokenWord(self.place + characters, self.length, self.begins + seconds, self.ends + seconds)


Words = tuple[SpokenWord, ...]


def words_plain(words: Words) -> list[list[float]]:
    """The words as lists of numbers: for a store, or another process."""
    return [[word.place, word.length, round(word.begins, 4), round(word.ends, 4)] for word in words]


def read_words(written: Any) -> Words:
    """The words again. Raises ValueError or TypeError for what are none."""
    words: list[SpokenWord] = []
    for place, length, begins, ends in written:
        if not (math.isfinite(begins) and math.isfinite(ends)):
            raise ValueError("A time of a word is no number.")
        words.append(SpokenWord(int(place), int(length), float(begins), float(ends)))
    return tuple(words)


@dataclass(frozen=True, slots=True)
class TimedSamples:
    """Audio of an engine with words that it knows the times of: in the text of its call, in seconds of all audio of it.

    A word is told with its audio or before it, or a moment later where a listener waits for the first of it.
    """

    samples: NDArray[np.float32]
    words: Words = ()


def moved(words: Iterable[SpokenWord], *, seconds: float = 0.0, characters: int = 0) -> Words:
    if not seconds and not characters:
        return tuple(words)
    return tuple(word.moved(seconds=seconds, characters=characters) for word in words)
