"""The end of a live session whose caller has used up a quota: what was begun is finished, then that is told, once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol

from stts.access.allowances import QuotaExceeded

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
        self._begin: Callable[[], object] | None = None
        """Lets the session come to rest."""

    def tell(self, error: QuotaExceeded) -> None:
        """Only the first counts. Returns at once: whoever tells goes on with what it has begun."""
        if self.error is None:
            self.error = error
            if self._begin is not None:
                self._begin()
            if self.on_exceeded is not None:
                self.on_exceeded()

    def at_rest(self, session: Resting) -> asyncio.Future[None]:
        """Winds the session down once a quota is used up, until it is at rest: the part that ends a connection.

        It is no task, which would wait in nearly every session for nothing.
        """
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()
        self._begin = begin = partial(loop.call_soon, _wind_down, session, ended)
        if self.error is not None:
            begin()
        return ended

    def forget(self) -> None:
        """The session has ended."""
        self._begin = self.on_exceeded = None

    def check(self) -> None:
        """Raises QuotaExceeded, once: raised, it holds the socket, which would hold it."""
        if self.error is not None:
            errors, self.error = [self.error], None
            raise errors.pop()


def _wind_down(session: Resting, ended: asyncio.Future[None]) -> None:
    if not ended.done():
        session.wind_down()
        _look(session, ended)


def _look(session: Resting, ended: asyncio.Future[None]) -> None:
    if ended.done():
        return
    if session.at_rest:
        ended.set_result(None)
    else:
        asyncio.get_running_loop().call_later(LOOK_SECONDS, _look, session, ended)
