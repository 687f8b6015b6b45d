"""When all live streams of one engine are transcribed in the meantime: together, and then not for a while.

Interim runs are guesses, of which there could be any number. They share a duty cycle: who is due while others run waits
until those are done and the engine has rested for its part; then all who wait begin at once, so that an engine that
takes several regions together gets them together.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

DUTY = 0.75
"""Part of the time that an engine may spend on interim runs."""
LONGEST_REST = 1.0
"""Seconds."""
LONGEST_WAIT = 2.0
"""Seconds after which a stream begins beside runs that do not end: one of them may hang, or wait for a slot."""


class Rhythm:
    """One for each engine instance."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._running = 0
        self._began = 0.0
        self._rested = 0.0
        """Time at which the rest after the last runs is over."""
        self._idle = asyncio.Event()
        self._idle.set()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Waits for the next common begin; the run is over when the context is left."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_WAIT):
                await self._idle.wait()
        if (rest := self._rested - self._clock()) > 0:
            # Whoever wakes from this begins, however many do: they all wake at the same time.
            await asyncio.sleep(rest)
        if not self._running:
            self._began = self._clock()
            self._idle.clear()
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                now = self._clock()
                self._rested = now + min((now - self._began) * (1 / DUTY - 1), LONGEST_REST)
                self._idle.set()
