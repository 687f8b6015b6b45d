"""Follows words from an engine's audio into the answer: what is cut away, or stretched, on the way moves them."""

from __future__ import annotations

from collections.abc import Iterable

from stts.audio.framing import ChunkFramer
from stts.spoken_words import SpokenWord, Words, moved


class WordTrack:
    """The words of one renderer."""

    def __init__(self, framer: ChunkFramer, speed: float) -> None:
        """`framer`: the one that all audio goes through. `speed`: factor of what is done after it."""
        self._framer = framer
        self._speed = speed
        self._untold: list[SpokenWord] = []
        """Words of the piece, in seconds of its audio as the engine made it."""
        self._placed: list[SpokenWord] = []
        """Words in seconds of all that was framed, played at the answer's speed."""

    def note(self, words: Iterable[SpokenWord]) -> None:
        self._untold += words

    def place(self) -> None:
        """Places the words of which the audio was framed: no sooner is it known what was cut away before them."""
        if self._untold and (placed := self._framer.placed(tuple(self._untold))):
            self._placed += placed if self._speed == 1.0 else (self._hurried(each) for each in placed)
            self._untold.clear()

    def _hurried(self, word: SpokenWord) -> SpokenWord:
        return SpokenWord(word.place, word.length, word.begins / self._speed, word.ends / self._speed)

    def forget(self) -> None:
        """Drops the words of a piece that is not heard."""
        self._untold.clear()

    def take(self, seconds: float) -> Words:
        """All that were placed, after so many seconds of what was framed."""
        if not self._placed:
            return ()
        words = moved(self._placed, seconds=-seconds)
        self._placed.clear()
        return words
