"""Readers of an answer in the making: where each of them is, what it was given, and the hold that all of them have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from stts.context import RequestContext
from stts.speech import AudioChunk
from stts.streams.hold import Hold


@dataclass(slots=True, eq=False)
class Reader:
    """One listener of a fill."""

    context: RequestContext
    warnings: Sequence[str]
    """Warnings about its own plan."""
    announced: int
    """Retractions that are told, or were there before it came."""
    first: bool
    """Its request has begun the fill."""
    at: int = 0
    """Chunks that it has read."""
    seconds: float = 0.0
    """Audio that it was given."""
    characters: int = 0
    """Text of that audio."""
    finished: bool = False
    """There is nothing more for it."""

    def take(self, chunk: AudioChunk) -> None:
        self.at += 1
        self.seconds += chunk.seconds
        self.characters += len(chunk.text)

    def begin_again(self) -> None:
        """One retraction is told: all that it was given is taken back."""
        self.announced += 1
        self.at, self.seconds, self.characters = 0, 0.0, 0

    def count_given(self) -> None:
        """Leaves before the end: of what was made, no more than it was given counts as its own."""
        times = self.context.metrics
        if times.audio_seconds is None or times.audio_seconds > self.seconds:
            times.audio_seconds = self.seconds
        if times.characters is None or times.characters > self.characters:
            times.characters = self.characters


class SharedHold(Hold):
    """The hold of what several listeners read: it is kept while each of them has one that is."""

    def __init__(self, readers: Callable[[], Iterable[Reader]], announce: Callable[[], None]) -> None:
        super().__init__()
        self._readers = readers
        self._announce = announce

    @property
    def kept(self) -> bool:
        return all(reader.context.unsent for reader in self._readers())

    def take_back(self) -> bool:
        if not self.kept:
            return False
        for reader in self._readers():
            if reader.context.hold is not None:
                reader.context.hold.take_back()
        self._announce()
        return True
