"""Places of what goes on at once, counted for all workers of a server in one of its processes.

A place belongs to the worker that took it: when that has gone, it is free again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

MOST_WAITING = 2_000
"""Those who wait for a place, of all names; further ones are refused at once."""

Holder = tuple[Hashable, str]
"""A worker, and who it is there."""


@dataclass(frozen=True, slots=True)
class _Turn:
    names: Sequence[str]
    most: Sequence[int]
    came: asyncio.Future[bool]
    timer: asyncio.TimerHandle


class Leases:
    """One for all workers."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}
        """Places that are taken, by name."""
        self._held: dict[Hashable, dict[str, tuple[str, ...]]] = {}
        """Names of the places of each holder, by its worker."""
        self._waiting: dict[Holder, _Turn] = {}
        """In the order in which they asked."""

    def taken(self, name: str) -> int:
        """Places of a name that are taken now."""
        return self._taken.get(name, 0)

    def take(self, holder: Holder, names: Sequence[str], most: Sequence[int]) -> int | None:
        """Takes a place of each name, or none: then the number of the first that has none left."""
        for number, (name, limit) in enumerate(zip(names, most, strict=True)):
            if self._taken.get(name, 0) >= limit:
                return number
        for name in names:
            self._taken[name] = self._taken.get(name, 0) + 1
        worker, who = holder
        held = self._held.setdefault(worker, {})
        held[who] = (*held.get(who, ()), *names)
        return None

    def wait(self, holder: Holder, names: Sequence[str], most: Sequence[int], seconds: float) -> asyncio.Future[bool]:
        """Takes places once they are free, in the order in which they were asked for. It asks at once, so that a
        `give_back` that follows finds it; the answer is False where none were free in so many seconds."""
        loop = asyncio.get_running_loop()
        came: asyncio.Future[bool] = loop.create_future()
        is_first = all(set(turn.names).isdisjoint(names) for turn in self._waiting.values())
        if is_first and self.take(holder, names, most) is None:
            came.set_result(True)
        elif len(self._waiting) >= MOST_WAITING:
            came.set_result(False)
        else:
            timer = loop.call_later(seconds, self._end, holder, False)
            self._waiting[holder] = _Turn(names, most, came, timer)
        return came

    def give_back(self, holder: Holder) -> None:
        """Gives back what a holder has, if anything, and ends its wait."""
        if holder in self._waiting:
            self._end(holder, False)
        worker, who = holder
        self._free(self._held.get(worker, {}).pop(who, ()))

    def leave(self, worker: Hashable) -> None:
        """A worker has gone, with all that it had."""
        for holder in [each for each in self._waiting if each[0] == worker]:
            self._end(holder, False)
        self._free([name for names in self._held.pop(worker, {}).values() for name in names])

    def _free(self, names: Sequence[str]) -> None:
        for name in names:
            self._taken[name] -= 1
            if self._taken[name] <= 0:
                del self._taken[name]
        full: set[str] = set()
        for holder, turn in list(self._waiting.items()) if names else ():
            # Whoever asked later for the same must not come before.
            if turn.came.done() or not full.isdisjoint(turn.names):
                continue
            if self.take(holder, turn.names, turn.most) is None:
                self._end(holder, True)
            else:
                full.update(turn.names)

    def _end(self, holder: Holder, granted: bool) -> None:
        turn = self._waiting.pop(holder)
        turn.timer.cancel()
        if not turn.came.done():
            turn.came.set_result(granted)
