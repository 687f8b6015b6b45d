"""Puts the packets of a stream in order: those that are missing are waited for a while, and then given up.

A transcriber takes audio as fast as it comes, so nothing is held back to be played evenly: a packet in its turn goes on
at once, and only a gap makes those behind it wait.
"""

from __future__ import annotations

from typing import Generic, TypeVar

P = TypeVar("P")

PATIENCE_SECONDS = 0.1
"""How long a missing packet is waited for: twice the jitter of a bad line, and less than a pause in speech."""
MOST_WAITING = 50
FAR = 1_000
"""Packets between two numbers of one stream: those that are farther apart are not of the same."""


class PacketOrder(Generic[P]):
    """Time comes with each call."""

    def __init__(self, patience: float = PATIENCE_SECONDS) -> None:
        self._patience = patience
        self._next: int | None = None
        """Number of the packet whose turn it is, which does not wrap around."""
        self._waiting: dict[int, P] = {}
        self._since: float | None = None
        """When the first packet behind the gap came."""
        self.late = 0
        """Packets that came after they had been given up."""

    @property
    def waits_until(self) -> float | None:
        """When the gap is given up; None where there is none."""
        return None if self._since is None else self._since + self._patience

    def push(self, sequence: int, packet: P, now: float) -> list[P]:
        """Takes a packet with its number of 16 bits. Returns those whose turn has come, in order."""
        if self._next is None:
            self._next = sequence
        number = self._next + (sequence - self._next + 0x8000) % 0x10000 - 0x8000
        if abs(number - self._next) > FAR:
            self._next, number = sequence, sequence
            self._waiting.clear()
        if number < self._next:
            self.late += 1
            return []
        self._waiting[number] = packet
        return self.due(now)

    def due(self, now: float) -> list[P]:
        """Returns the packets whose turn has come, those behind a gap too once it has been waited for long enough."""
        ready = self._in_turn()
        while self._waiting and self._is_over(now):
            self._next = min(self._waiting)
            self._since = None
            ready += self._in_turn()
        if not self._waiting:
            self._since = None
        elif self._since is None or ready:
            self._since = now
        return ready

    def _in_turn(self) -> list[P]:
        ready = []
        while self._next is not None and self._next in self._waiting:
            ready.append(self._waiting.pop(self._next))
            self._next += 1
        return ready

    def _is_over(self, now: float) -> bool:
        # Compared with the very time that callers are told to come back at: a difference may round to less.
        until = self.waits_until
        return (until is not None and now >= until) or len(self._waiting) >= MOST_WAITING
