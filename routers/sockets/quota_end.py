"""The end of a live session whose caller has used up a quota: what was begun is finished, then that is told, once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from stts.access.allowances import QuotaExceeded
from stts.streams.flag import Flag

LOOK_SECONDS = 0.02
"""Between two looks whether a session that is to end has come to rest."""


class Resting(Protocol):
    def wind_down(self) -> None:
        """Begins nothing more, and finishes what was begun."""
        ...

    @property
    def at_rest(self) -> bool:
        """It was wound down, and nothing that was begun is unfinished or untold."""
        ...


class QuotaEnd:
    """One for each socket. Its operations tell it of the quota that they used up, or that refused them."""

    def __init__(self) -> None:
        self.error: QuotaExceeded | None = None
        """The last event of the session."""
        self.on_exceeded: Callable[[], None] | None = None
        """Called when it is known, so that what is begun comes to its end."""
        self._exceeded = Flag()

    def tell(self, error: QuotaExceeded) -> None:
        """Only the first counts. Returns at once: whoever tells goes on with what it has begun."""
        if self.error is None:
            self.error = error
            self._exceeded.set()
            if self.on_exceeded is not None:
                self.on_exceeded()

    async def at_rest(self, session: Resting) -> None:
        """Winds the session down once a quota is used up, until it is at rest: the part that ends a connection."""
        await self._exceeded.wait()
        session.wind_down()
        while not session.at_rest:  # noqa: ASYNC110 - many things bring it to rest
            await asyncio.sleep(LOOK_SECONDS)

    def check(self) -> None:
        """Raises QuotaExceeded."""
        if self.error is not None:
            raise self.error
