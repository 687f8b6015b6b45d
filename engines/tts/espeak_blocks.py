"""Blocks of audio on their way from the thread in which eSpeak NG speaks to the one that reads them.

The library makes seconds of speech in a millisecond. Its first block is handed on at once where somebody waits for it,
what follows a moment's together: every change of threads, and every message on the way to a client, costs as much as a
block.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

from stts.errors import EngineError

GATHER_SECONDS = 0.01
"""Longest wait of a block for those that follow it."""
MOST_BLOCKS = 256
"""Blocks that wait for their reader: almost any piece, so that a slow reader holds the library for nobody."""


class Blocks:
    """16-bit samples of one utterance: one thread puts blocks and ends them, another iterates once."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter, *, hurried: bool = True) -> None:
        """`hurried`: the first block is waited for."""
        self._clock = clock
        self._changed = threading.Condition(threading.Lock())
        self._waiting: list[bytes] = []
        self._due = 0.0 if hurried else clock() + GATHER_SECONDS
        """On the clock: when what waits is handed on at the latest."""
        self._ended = False
        self._left = False
        self._error: EngineError | None = None

    def put(self, block: bytes) -> bool:
        """Waits for room. False: the reader has left."""
        with self._changed:
            while len(self._waiting) >= MOST_BLOCKS and not self._left:
                self._changed.wait()
            if self._left:
                return False
            self._waiting.append(block)
            if self._clock() >= self._due or len(self._waiting) == MOST_BLOCKS:
                self._changed.notify_all()
            return True

    def end(self, error: EngineError | None = None) -> None:
        """No more blocks; the reader gets those that wait, then the error."""
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()

    def leave(self) -> None:
        """The reader wants no more."""
        with self._changed:
            self._left = True
            self._waiting.clear()
            self._changed.notify_all()

    def __iter__(self) -> Iterator[bytes]:
        """Yields what has gathered. Raises the error that the blocks ended with."""
        while taken := self._take():
            yield b"".join(taken)
        if self._error is not None:
            raise self._error

    def _take(self) -> list[bytes]:
        """All that waits, once its moment is over; nothing at the end."""
        with self._changed:
            while not self._ended and len(self._waiting) < MOST_BLOCKS:
                left = self._due - self._clock() if self._waiting else None
                if left is not None and left <= 0:
                    break
                self._changed.wait(left)
            taken, self._waiting = self._waiting, []
            self._due = self._clock() + GATHER_SECONDS
            self._changed.notify_all()
        return taken
