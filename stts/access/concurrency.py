"""How much goes on at once for one subject: operations, live sessions; in this process, and in all servers that count
together. Where servers do, a place must be free in both."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

from stts.access.limits import MOST_KNOWN, Subject
from stts.access.place_ahead import Kind, PlaceAhead, Places, SharedPlaces
from stts.errors import TooManyRequests

RETRY_SECONDS = 1.0
"""Seconds after which a refused client may try again."""
WORDS = {"concurrent": "operations", "sessions": "live sessions"}
GiveBack = Callable[[], None]
"""Gives places back, at once; called once."""


class Concurrency:
    """One for each kind in a process."""

    def __init__(self, kind: Kind, shared: SharedPlaces | None = None) -> None:
        """`shared`: None where this process counts alone."""
        self._kind = kind
        self._shared = shared
        self._now: dict[str, int] = {}
        self._places_of: dict[int, tuple[Sequence[Subject], Places]] = {}
        """By the identity of subjects, which are kept so that nobody else has it."""

    @asynccontextmanager
    async def taken(self, who: Sequence[Subject]) -> AsyncIterator[None]:
        """Takes a place of each subject for as long as the block lasts. Raises as `take` does."""
        give_back = await self.take(who)
        try:
            yield
        finally:
            give_back()

    def ahead(self, who: Sequence[Subject]) -> PlaceAhead | None:
        """Asks all servers for a place of each subject without waiting for it; None where there is nothing to ask, or
        where others count for one: who is refused by its own rate must take no place of theirs, however shortly."""
        if self._shared is None or not all(each.is_key for each in who if each.limits.get(self._kind) is not None):
            return None
        places = self._places(who)
        is_full = any(self._now.get(name, 0) >= most for name, most in places)
        return PlaceAhead(self._shared, self._kind, places) if places and not is_full else None

    async def take(self, who: Sequence[Subject], ahead: PlaceAhead | None = None) -> GiveBack:
        """Takes a place of each subject, and tells how they are given back. Raises TooManyRequests where one has all
        that it may have, and LimitsAway. `ahead`: what was asked for already."""
        places = self._places(who)
        now = self._now
        for name, most in places:
            if now.get(name, 0) >= most:
                raise self._full(name, most)
        for name, _ in places:
            now[name] = now.get(name, 0) + 1
        if self._shared is None or not places:
            return partial(self._leave, places)
        try:
            holder = await ahead.adopt(places) if ahead is not None else None
            if holder is None:
                holder = await self._leased(self._shared, places)
        except BaseException:
            self._leave(places)
            raise
        return partial(self._leave, places, partial(self._shared.give_back, holder))

    async def _leased(self, shared: SharedPlaces, places: Places) -> str:
        """The holder of places in all servers."""
        holder = secrets.token_hex(8)
        full = await shared.take(holder, self._kind, places)
        if full is not None:
            raise self._full(*places[full])
        return holder

    def _places(self, who: Sequence[Subject]) -> Places:
        known = self._places_of.get(id(who))
        if known is not None:
            return known[1]
        places = [(each.name, most) for each in who if (most := each.limits.get(self._kind)) is not None]
        # A list may become another one.
        if isinstance(who, tuple):
            if len(self._places_of) >= MOST_KNOWN:
                self._places_of.clear()
            self._places_of[id(who)] = who, places
        return places

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
