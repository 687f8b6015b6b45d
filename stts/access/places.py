"""Places that all share, in the order in which they were asked for: who finds none waits, bounded."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

from stts.errors import Busy

MOST_WAITING = 1000
"""Those who wait; further ones are refused at once."""
RETRY_SECONDS = 1.0


class ListenerPlaces(Protocol):
    """Places of one listener, wherever they are counted."""

    def take_free(self, most: int) -> bool:
        """Takes one of `most` places where that is known to be free at once; False where not."""
        ...

    async def take(self, most: int, seconds: float) -> None:
        """Takes one of `most` places, which its holder gives back. Raises Busy where none is free for so long."""
        ...

    def give_back(self) -> None: ...


class Places:
    """Places of one listener in one process."""

    def __init__(self) -> None:
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def taken_now(self) -> int:
        """Places that are taken."""
        return self._taken

    def take_free(self, most: int) -> bool:
        """Takes one of `most` places where one is free and nobody waits for it; False where not."""
        if self._taken >= most or self._waiting:
            return False
        self._taken += 1
        return True

    async def take(self, most: int, seconds: float) -> None:
        """Takes one of `most` places, which its holder gives back. Raises Busy where none is free for so long."""
        if self.take_free(most):
            return
        if len(self._waiting) >= MOST_WAITING:
            raise all_taken(most)
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(seconds):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                # The place came in the same moment.
                self.give_back()
            elif turn in self._waiting:
                self._waiting.remove(turn)
            if isinstance(error, TimeoutError):
                raise all_taken(most) from None
            raise

    def give_back(self) -> None:
        """Hands the place to whoever has waited longest."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._taken -= 1


def all_taken(most: int) -> Busy:
    """The error for whoever found none."""
    return Busy(f"All {most} places of this address are taken.", retry_after=RETRY_SECONDS)
