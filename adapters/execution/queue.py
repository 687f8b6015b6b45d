"""The scheduler's queue with futures: wait for a turn, give it back."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from stts.errors import Busy, STTSError
from stts.scheduling.deadlines import Scheduler, Ticket
from stts.settings import CurrentSettings

AT_ONCE = -math.inf
"""A deadline before all others."""


class EngineQueue:
    def __init__(self, capacity: int, settings: CurrentSettings, clock: Callable[[], float]) -> None:
        self._scheduler = Scheduler(capacity)
        self._settings = settings
        self._clock = clock
        self._promises: dict[Ticket, asyncio.Future[None]] = {}

    @property
    def running(self) -> int:
        return self._scheduler.running

    @property
    def waiting(self) -> int:
        return self._scheduler.waiting

    def resize(self, capacity: int) -> None:
        """Lets so many run at once from now on; those that run already go on."""
        self._scheduler.capacity = capacity
        self._grant()

    def retry_after(self) -> float:
        return self._scheduler.retry_after(self._clock())

    async def take(self, deadline: float, *, begun: bool) -> Ticket:
        """Waits for its turn; whoever gets a ticket must give it back. Raises Busy when that takes too long."""
        now, limits = self._clock(), self._settings().limits
        ticket = self._scheduler.join(deadline, now, begun=begun, queue_length=limits.queue_length)
        promise = self._promises[ticket] = asyncio.get_running_loop().create_future()
        self._grant()
        if promise.done():
            return ticket
        try:
            async with asyncio.timeout(ticket.expires(limits.queue_seconds) - now):
                await promise
        except TimeoutError:
            retry_after = self.retry_after()
            self.give_back(ticket)
            raise Busy("The wait for this engine was too long.", retry_after=retry_after) from None
        except BaseException:
            self.give_back(ticket)
            raise
        return ticket

    def give_back(self, ticket: Ticket) -> None:
        promise = self._promises.pop(ticket)
        if promise.done() and not promise.cancelled():
            # Looked at, lest asyncio complain of an error that came together with a cancellation.
            promise.exception()
        self._scheduler.leave(ticket, self._clock())
        self._grant()

    def refuse_waiting(self, error: Callable[[], STTSError]) -> None:
        """Tells all who wait that it is in vain."""
        for promise in self._promises.values():
            if not promise.done():
                promise.set_exception(error())

    def _grant(self) -> None:
        for ticket in self._scheduler.grant(self._clock()):
            promise = self._promises[ticket]
            if not promise.done():
                promise.set_result(None)
