"""Output that never pauses: speech as it comes in, equal pieces of time out, digital silence where there is no speech.

Pure: no clock and no tasks. Whoever owns the clock takes the next piece when its time has come.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import lru_cache

SAMPLE_BYTES = 2
"""s16le."""


@dataclass(frozen=True, slots=True)
class Words:
    source: int
    text: str


@dataclass(frozen=True, slots=True)
class Mixed:
    """One piece of the output."""

    pcm: bytes
    """s16le mono."""
    silent: bool
    words: tuple[Words, ...] = ()
    """Text of the audio in it."""
    ended: tuple[int, ...] = ()
    """Sources whose last audio is in it, or was before it."""


@dataclass(slots=True)
class _Audio:
    source: int
    data: bytes
    text: str
    last: bool = False
    """Nothing more comes of this source."""
    taken: int = 0
    """Bytes."""


class ContinuousOutput:
    """A source is a reply, by its generation, or whatever else is played."""

    def __init__(self, rate: int) -> None:
        """`rate`: Hz."""
        self.rate = rate
        self._waiting: deque[_Audio] = deque()

    @property
    def idle(self) -> bool:
        return not self._waiting

    def add(self, source: int, data: bytes, text: str = "") -> None:
        """The next audio of a source, behind all that waits; `text` is told with its beginning."""
        self._waiting.append(_Audio(source, data, text))

    def end(self, source: int) -> None:
        """A source is complete: that is told with its last audio."""
        self._waiting.append(_Audio(source, b"", "", last=True))

    def clear(self) -> None:
        """Nothing that waits is played."""
        self._waiting.clear()

    def take(self, milliseconds: int) -> Mixed:
        """The next piece: what waits, and silence where that is too little."""
        size = self.rate * milliseconds // 1000 * SAMPLE_BYTES
        pieces: list[bytes] = []
        words: list[Words] = []
        ended: list[int] = []
        room = size
        while self._waiting and (room or self._waiting[0].last):
            head = self._waiting[0]
            if head.text:
                words.append(Words(head.source, head.text))
                head.text = ""
            if head.last:
                ended.append(head.source)
            piece = head.data[head.taken : head.taken + room]
            pieces.append(piece)
            room -= len(piece)
            head.taken += len(piece)
            if head.taken == len(head.data):
                self._waiting.popleft()
        pcm = b"".join((*pieces, bytes(room))) if room < size else _silence(size)
        return Mixed(pcm, room == size, tuple(words), tuple(ended))


@lru_cache(16)
def _silence(size: int) -> bytes:
    return bytes(size)
