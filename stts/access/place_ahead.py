"""PlaceAhead: a place of what goes on at once, asked for together with the rates of a request, in their round trip."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from typing import Literal, Protocol

AHEAD_SECONDS = 0.05
"""Longest time between asking and the work: who sends a request slowly keeps no place that others could have."""
Kind = Literal["concurrent", "sessions"]
Places = Sequence[tuple[str, int]]
"""Subjects, each with the most that it may have."""


class SharedPlaces(Protocol):
    """Counts for several servers together."""

    async def take(self, holder: str, kind: Kind, places: Places) -> int | None:
        """Takes a place of each subject. Where one has none left: its number; then none is taken. Raises LimitsAway."""
        ...

    def give_back(self, holder: str) -> None:
        """Gives back what a holder has, if anything; returns at once."""
        ...


class PlaceAhead:
    """One for a request. Whoever makes it ends it."""

    def __init__(self, shared: SharedPlaces, kind: Kind, places: Places) -> None:
        self._shared = shared
        self._places = places
        self._holder = secrets.token_hex(8)
        self._asking = asyncio.ensure_future(shared.take(self._holder, kind, places))
        self._timer = asyncio.get_running_loop().call_later(AHEAD_SECONDS, self.end)
        self._is_over = False

    async def adopt(self, places: Places) -> str | None:
        """The holder of these places, which are the caller's from now on; None where they are to be asked for: then it
        has none of its own."""
        if places != self._places:
            self.end()
        elif not self._is_over:
            await asyncio.wait([self._asking])
        if self._is_over or not self._is_granted():
            return None
        self._is_over = True
        self._timer.cancel()
        return self._holder

    def end(self) -> None:
        """Gives the places back, unless somebody has them now."""
        if self._is_over:
            return
        self._is_over = True
        self._timer.cancel()
        if self._is_granted():
            self._shared.give_back(self._holder)
        else:
            # Where it is under way, whoever asks gives back what may have been taken.
            self._asking.cancel()

    def _is_granted(self) -> bool:
        """False also where nobody knows: it is asked for again, and that says why."""
        asking = self._asking
        return asking.done() and not asking.cancelled() and asking.exception() is None and asking.result() is None
