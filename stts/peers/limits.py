"""Limits that the workers of one server count together: rates and places, as one sum.

Where the process that counts does not answer, each worker counts alone; it is started by that process and ends with it.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from stts.access.limits import Rate
from stts.access.place_ahead import Kind, Places
from stts.access.places import all_taken
from stts.access.rates import RateState
from stts.peers.line import LineCut
from stts.peers.link import ANSWER_SECONDS, Peers


class PeerWindows:
    """SharedRates of all workers."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    async def hit(self, rates: Sequence[Rate]) -> list[RateState] | None:
        try:
            found = await self._peers.ask("rates.hit", rates)
        except LineCut:
            return None
        return [RateState(rate, left, reset) for rate, (left, reset) in zip(rates, found, strict=True)]


class PeerPlaces:
    """SharedPlaces of all workers."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    async def take(self, holder: str, kind: Kind, places: Places) -> int | None:
        names = [f"{kind}:{subject}" for subject, _ in places]
        try:
            full: int | None = await self._peers.ask("places.take", [holder, names, [most for _, most in places]])
        except LineCut:
            # It may have been taken.
            self.give_back(holder)
            return None
        except BaseException:
            self.give_back(holder)
            raise
        return full

    def give_back(self, holder: str) -> None:
        self._peers.tell("places.give_back", holder)

    async def wait(self, name: str, most: int, seconds: float) -> str | None:
        """Waits for one of `most` places that all workers share, in the order of those who ask; the holder of it, or
        None where none came. Where nobody can tell, it is granted: this worker has bounds of its own."""
        holder = secrets.token_hex(8)
        try:
            granted = await self._peers.ask("places.wait", [holder, [name], [most], seconds], seconds + ANSWER_SECONDS)
        except LineCut:
            self.give_back(holder)
            return holder if not self._peers.is_up else None
        except BaseException:
            self.give_back(holder)
            raise
        return holder if granted else None


class PlacesOfListener:
    """ListenerPlaces of all workers."""

    def __init__(self, places: PeerPlaces, name: str) -> None:
        """`name`: of the listener."""
        self._places = places
        self._name = f"listener:{name}"
        self._holders: list[str] = []
        """Each has one place; whose it is does not matter."""

    def take_free(self, most: int) -> bool:
        """False: only who counts for all of them knows."""
        return False

    async def take(self, most: int, seconds: float) -> None:
        holder = await self._places.wait(self._name, most, seconds)
        if holder is None:
            raise all_taken(most)
        self._holders.append(holder)

    def give_back(self) -> None:
        self._places.give_back(self._holders.pop())
