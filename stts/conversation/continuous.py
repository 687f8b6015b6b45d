"""Output that never pauses: speech as it comes in, equal pieces of time out, digital silence where there is no speech.

Pure: no clock and no tasks. Whoever owns the clock takes the next piece when its time has come.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

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


class ContinuousOutput:
    """A source is a reply, by its generation, or whatever else is played."""

    def __init__(self, rate: int) -> None:
        """`rate`: Hz."""
        self.rate = rate
        self._waiting: deque[_Audio] = deque()
        self._bytes = 0
        self._played: dict[int, int] = {}
        """Bytes of each source that have been taken."""

    @property
    def idle(self) -> bool:
        return not self._waiting

    @property
    def seconds(self) -> float:
        """Audio that waits."""
        return self._bytes / SAMPLE_BYTES / self.rate

    def add(self, source: int, data: bytes, text: str = "") -> None:
        """The next audio of a source, behind all that waits; `text` is told with its beginning."""
        self._waiting.append(_Audio(source, data, text))
        self._bytes += len(data)

    def end(self, source: int) -> None:
        """A source is complete: that is told with its last audio."""
        self._waiting.append(_Audio(source, b"", "", last=True))

    def clear(self) -> None:
        """Nothing that waits is played."""
        self._waiting.clear()
        self._played.clear()
        self._bytes = 0

    def played(self, source: int) -> float:
        """Seconds of a source that have been taken."""
        return self._played.get(source, 0) / SAMPLE_BYTES / self.rate

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
                self._played.pop(head.source, None)
            piece, head.data = head.data[:room], head.data[room:]
            self._played[head.source] = self._played.get(head.source, 0) + len(piece)
            pieces.append(piece)
            room -= len(piece)
            if not head.data:
                self._waiting.popleft()
        self._bytes -= size - room
        for source in ended:
            self._played.pop(source, None)
        return Mixed(b"".join((*pieces, bytes(room))), room == size, tuple(words), tuple(ended))
