"""Load of one process: how much its connections give it to do, in one number that other workers may read."""

from __future__ import annotations

from collections.abc import MutableSequence
from typing import Final

BUSY: Final = 16
"""Load of a connection on which something goes on, or soon will: one that is new, a socket, a request."""
RESTING: Final = 1
"""Load of one whose requests are answered: most never send another, and it weighs only where all else is even."""
CLOSED: Final = 1 << 60
"""Load of a process that takes nobody any more."""


class Load:
    """One for the process."""

    def __init__(self, cell: MutableSequence[int] | memoryview[int] | None = None) -> None:
        """`cell`: where the number stands, as its only item; None: for this process alone."""
        self._cell: MutableSequence[int] | memoryview[int] = [0] if cell is None else cell
        self._expected = 0
        self._is_closed = False

    @property
    def value(self) -> int:
        return self._cell[0]

    def expect(self) -> None:
        """A connection was accepted, and enters soon."""
        self._expected += 1
        self._cell[0] += BUSY

    def miss(self) -> None:
        """One that was expected does not come."""
        self._expected -= 1
        self._cell[0] -= BUSY

    def enter(self) -> None:
        """A connection has come, whether it was expected or not."""
        if self._expected:
            self._expected -= 1
        else:
            self._cell[0] += BUSY

    def rest(self) -> None:
        """The requests of one are answered."""
        self._cell[0] -= BUSY - RESTING

    def work(self) -> None:
        """One that was resting has another request."""
        self._cell[0] += BUSY - RESTING

    def leave(self, *, resting: bool = False) -> None:
        self._cell[0] -= RESTING if resting else BUSY

    def close(self) -> None:
        """Nobody is to come. May be called again."""
        if not self._is_closed:
            self._is_closed = True
            self._cell[0] += CLOSED

    def open(self) -> None:
        """Somebody may come again."""
        if self._is_closed:
            self._is_closed = False
            self._cell[0] -= CLOSED
