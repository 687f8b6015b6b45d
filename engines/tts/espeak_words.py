"""When eSpeak NG says a word, as the events of its library tell beside the audio."""

from __future__ import annotations

import ctypes
import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator

from stts.spoken_words import SpokenWord, Words

NO_MORE, WORD, CLAUSE_END = 0, 1, 5
"""Numbers of espeak_EVENT_TYPE."""


class _Event(ctypes.Structure):
    """The structure espeak_EVENT."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("message", ctypes.c_uint),
        ("text_position", ctypes.c_int),  # in characters, from 1
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_int64),
    )


_Events = ctypes.POINTER(_Event)


class EspeakWords:
    """The words of one text: the thread that speaks it reads events, another takes what they tell."""

    def __init__(self, text: str, rate: int) -> None:
        """`rate`: Hz of the audio."""
        self._spans = [word.span() for word in re.finditer(r"\S+", text)]
        self._starts = [start for start, _ in self._spans]
        self._rate = rate
        self._open: tuple[int, int] | None = None
        """The word that is spoken, by its number, and the sample with which it begins."""
        self._said: deque[SpokenWord] = deque()

    def read(self, events: int) -> None:
        """`events`: address of those of a block."""
        for type, place, sample in _read(events):
            if type == CLAUSE_END:
                self.end(sample)
            elif type == WORD:
                self._begin(bisect_right(self._starts, place) - 1, sample)

    def _begin(self, number: int, sample: int) -> None:
        """A number or a sign is said in several words, which are one that is written."""
        if number < 0 or (self._open is not None and number <= self._open[0]):
            return
        self.end(sample)
        self._open = number, sample

    def end(self, sample: int) -> None:
        """The word that is spoken ends."""
        if self._open is None:
            return
        (number, begin), self._open = self._open, None
        start, end = self._spans[number]
        self._said.append(SpokenWord(start, end - start, begin / self._rate, max(begin, sample) / self._rate))

    def take(self, before: int = 0) -> Words:
        """Those that were said and not taken. `before`: characters that the text has before it."""
        words: list[SpokenWord] = []
        while self._said:
            words.append(self._said.popleft().moved(characters=before))
        return tuple(words)


def _read(address: int) -> Iterator[tuple[int, int, int]]:
    """Type, place in the text and sample of each event."""
    events = ctypes.cast(address, _Events)
    number = 0
    while (event := events[number]).type != NO_MORE:
        yield event.type, event.text_position - 1, event.sample
        number += 1
