"""Sessions of all workers, in the process that started them: those that were left, and which worker runs which.

A history is kept as plain values that only workers read. What was left survives the worker that it was left at.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from stts.peers.line import Line, LineCut, Plain

LET_GO_SECONDS = 10.0
"""Longest wait until a worker has ended the older connection of a client."""
RUNNING = "running"


@dataclass(frozen=True, slots=True)
class _Left:
    owner: str | None
    history: Plain
    at: float


class SessionsOfAll:
    """One for a server; answers the questions that begin with `sessions.`."""

    def __init__(self) -> None:
        self._left: OrderedDict[str, _Left] = OrderedDict()
        """Those that were left, in this order."""
        self._running: dict[str, tuple[Line, str | None]] = {}
        """Those that run: their worker and their owner."""
        self.answers: Mapping[str, Callable[[Line, Plain], Plain | Awaitable[Plain]]] = {
            "sessions.began": self._began,
            "sessions.ended": self._ended,
            "sessions.take": self._take,
            "sessions.forget": self._forget,
            "sessions.counts": self._counts,
        }

    def _began(self, line: Line, value: Plain) -> Plain:
        id, owner = value
        self._running[id] = line, owner

    def _ended(self, line: Line, value: Plain) -> Plain:
        """A history of None is not to be kept."""
        id, owner, history, most, seconds = value
        if id in self._running and self._running[id][0] is line:
            del self._running[id]
        if history is not None:
            self._left[id] = _Left(owner, history, asyncio.get_running_loop().time())
        self._drop(most, seconds)

    def _take(self, line: Line, value: Plain) -> Awaitable[Plain]:
        id, owner, takes_over, most, seconds = value
        self._drop(most, seconds)
        return self._taken(line, id, owner, takes_over=takes_over)

    async def _taken(self, line: Line, id: str, owner: str | None, *, takes_over: bool) -> Plain:
        """Gives the history of a session that was left, `running` for one that another worker does not end, and None
        where there is none for this owner."""
        if takes_over and id not in self._left and id in self._running:
            holder, its_owner = self._running[id]
            if holder is not line and its_owner == owner:
                try:
                    await holder.ask("sessions.let_go", id, LET_GO_SECONDS)
                except LineCut:
                    return RUNNING if id in self._running else None
        left = self._left.get(id)
        if left is not None and left.owner == owner:
            del self._left[id]
            return [left.history]
        running = self._running.get(id)
        return RUNNING if running is not None and running[1] == owner else None

    def _forget(self, line: Line, owner: str) -> int:
        """Forgets what a user has left, and counts it; workers see to what runs."""
        gone = [id for id, left in self._left.items() if left.owner == owner]
        for id in gone:
            del self._left[id]
        return len(gone)

    def _counts(self, line: Line, value: Plain) -> list[int]:
        """How many run, and how many were left."""
        self._drop(*value)
        return [len(self._running), len(self._left)]

    def leave(self, line: Line) -> None:
        """A worker has gone, and with it what ran there."""
        self._running = {id: held for id, held in self._running.items() if held[0] is not line}

    def _drop(self, most: int, seconds: float) -> None:
        """Drops those left too long ago, then those too many."""
        now = asyncio.get_running_loop().time()
        while self._left:
            left = next(iter(self._left.values()))
            if len(self._left) <= most and now - left.at < seconds:
                return
            self._left.popitem(last=False)
