"""How much goes on at once for one subject: operations, live sessions; in this process, and in all servers that count
together. Where servers do, a place must be free in both."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Literal, Protocol

from stts.access.limits import Subject
from stts.errors import TooManyRequests

RETRY_SECONDS = 1.0
"""Seconds after which a refused client may try again."""
Kind = Literal["concurrent", "sessions"]
WORDS = {"concurrent": "operations", "sessions": "live sessions"}
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


class Concurrency:
    """One for each kind in a process."""

    def __init__(self, kind: Kind, shared: SharedPlaces | None = None) -> None:
        """`shared`: None where this process counts alone."""
        self._kind = kind
        self._shared = shared
        self._now: Counter[str] = Counter()

    @asynccontextmanager
    async def taken(self, who: Sequence[Subject]) -> AsyncIterator[None]:
        """Takes a place of each subject. Raises TooManyRequests where one has all that it may have, and LimitsAway."""
        places = [(each.name, most) for each in who if (most := each.limits.get(self._kind)) is not None]
        for name, most in places:
            if self._now[name] >= most:
                raise self._full(name, most)
        names = [name for name, _ in places]
        self._now.update(names)
        try:
            if self._shared is None or not places:
                yield
            else:
                async with self._leased(self._shared, places):
                    yield
        finally:
            self._now.subtract(names)
            for name in names:
                if self._now[name] <= 0:
                    del self._now[name]

    @asynccontextmanager
    async def _leased(self, shared: SharedPlaces, places: Places) -> AsyncIterator[None]:
        holder = secrets.token_hex(8)
        full = await shared.take(holder, self._kind, places)
        if full is not None:
            raise self._full(*places[full])
        try:
            yield
        finally:
            shared.give_back(holder)

    def _full(self, name: str, most: int) -> TooManyRequests:
        whose = name.partition(":")[0]
        said = f"This {whose} may have {most} {WORDS[self._kind]} at once, and has them."
        return TooManyRequests(said, retry_after=RETRY_SECONDS)
