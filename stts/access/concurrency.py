"""How much goes on at once for one subject: operations, live sessions; in this process, and in all servers that count
together. Where servers do, a place must be free in both."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Literal, Protocol

from stts.access.limits import Subject
from stts.errors import TooManyRequests

RETRY_SECONDS = 1.0
"""Seconds after which a refused client may try again."""
Kind = Literal["concurrent", "sessions"]
WORDS = {"concurrent": "operations", "sessions": "live sessions"}
Places = Sequence[tuple[str, int]]
"""Subjects, each with the most that it may have."""
GiveBack = Callable[[], None]
"""Gives places back, at once; called once."""


class SharedPlaces(Protocol):
    """Counts for several servers together."""

    async def take(self, holder: str, kind: Kind, places: Places) -> int | None:
        """Takes a place of each subject. Where one has none left: its number; then none is taken. Raises LimitsAway."""
        ...

    def give_back(self, holder: str) -> None:
        """Gives back what a holder has, if anything; returns at once."""
        ...


class Concurrency:
    """One for each kind in a process."""

    def __init__(self, kind: Kind, shared: SharedPlaces | None = None) -> None:
        """`shared`: None where this process counts alone."""
        self._kind = kind
        self._shared = shared
        self._now: dict[str, int] = {}

    @asynccontextmanager
    async def taken(self, who: Sequence[Subject]) -> AsyncIterator[None]:
        """Takes a place of each subject for as long as the block lasts. Raises as `take` does."""
        give_back = await self.take(who)
        try:
            yield
        finally:
            give_back()

    async def take(self, who: Sequence[Subject]) -> GiveBack:
        """Takes a place of each subject, and tells how they are given back. Raises TooManyRequests where one has all
        that it may have, and LimitsAway."""
        places = [(each.name, most) for each in who if (most := each.limits.get(self._kind)) is not None]
        now = self._now
        for name, most in places:
            if now.get(name, 0) >= most:
                raise self._full(name, most)
        for name, _ in places:
            now[name] = now.get(name, 0) + 1
        if self._shared is None or not places:
            return partial(self._leave, places)
        holder = secrets.token_hex(8)
        try:
            full = await self._shared.take(holder, self._kind, places)
            if full is not None:
                raise self._full(*places[full])
        except BaseException:
            self._leave(places)
            raise
        return partial(self._leave, places, partial(self._shared.give_back, holder))

    def _leave(self, places: Places, give_back: GiveBack | None = None) -> None:
        """`give_back`: what tells all servers."""
        for name, _ in places:
            self._now[name] -= 1
            if self._now[name] <= 0:
                del self._now[name]
        if give_back is not None:
            give_back()

    def _full(self, name: str, most: int) -> TooManyRequests:
        whose = name.partition(":")[0]
        said = f"This {whose} may have {most} {WORDS[self._kind]} at once, and has them."
        return TooManyRequests(said, retry_after=RETRY_SECONDS)
