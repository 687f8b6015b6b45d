"""Earliest-deadline-first scheduling of an engine. Pure: times in, decisions out, no clock and no asyncio.

Work comes in pieces. Among those that wait, the one whose listener runs dry soonest goes first (earliest deadline; a
stream that has nothing yet is due at its arrival), and among equals the one that came first. So a flood of new streams
cannot starve one that has begun: once its deadline is near, whoever comes later stands behind it.
"""

from __future__ import annotations

import math
from bisect import insort
from dataclasses import dataclass

from stts.errors import Busy

SMOOTHING = 0.2
"""Weight of the newest call in the moving average of service times."""

RETRY_SECONDS = (1.0, 600.0)
"""Shortest and longest advice to come back."""


@dataclass(frozen=True, slots=True, eq=False)
class Ticket:
    """One piece of work, waiting or running. All times on the caller's clock, in seconds."""

    deadline: float
    """Time at which its audio must be ready; infinite for work that nobody waits for."""
    begun: bool
    """True if its stream has already been sent something."""
    arrived: float
    number: int

    @property
    def order(self) -> tuple[float, int]:
        return self.deadline, self.number

    def expires(self, timeout: float) -> float:
        """Time at which the wait is given up: for a stream that has begun, the wait counts from its deadline."""
        return (max(self.arrived, self.deadline) if self.begun else self.arrived) + timeout


class Scheduler:
    """Scheduler of one engine. Every ticket that joins must leave, whether its turn came or not."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        """Calls at once. It may change: where it shrinks, what runs goes on, and the next waits for room."""
        self._waiting: list[Ticket] = []
        self._running: dict[Ticket, float] = {}
        """Ticket -> time at which it was granted."""
        self._joined = 0
        self._service_seconds = 0.0

    @property
    def running(self) -> int:
        return len(self._running)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def join(self, deadline: float, now: float, *, begun: bool, queue_length: int) -> Ticket:
        """Queues a piece of work. Raises Busy for a new stream when so many of them wait already."""
        if not begun and self._is_full(queue_length):
            raise Busy("Too many requests wait for this engine.", retry_after=self.retry_after(now))
        self._joined += 1
        ticket = Ticket(deadline, begun, now, self._joined)
        insort(self._waiting, ticket, key=lambda each: each.order)
        return ticket

    def grant(self, now: float) -> list[Ticket]:
        """Returns the tickets whose turn it is now, the most urgent first."""
        free = max(self.capacity - len(self._running), 0)
        granted, self._waiting = self._waiting[:free], self._waiting[free:]
        self._running.update(dict.fromkeys(granted, now))
        return granted

    def leave(self, ticket: Ticket, now: float) -> None:
        """Ends a piece of work that ran, or that does not want to wait any longer."""
        if ticket in self._running:
            self._measure(now - self._running.pop(ticket))
        else:
            self._waiting.remove(ticket)

    def retry_after(self, now: float) -> float:
        """Seconds after which whoever is refused now would find its turn near, from the measured rate."""
        oldest = max((now - granted for granted in self._running.values()), default=0.0)
        seconds = max(self._service_seconds, oldest) * (len(self._waiting) + 1) / max(self.capacity, 1)
        shortest, longest = RETRY_SECONDS
        return float(math.ceil(min(max(seconds, shortest), longest)))

    def _is_full(self, queue_length: int) -> bool:
        if len(self._running) < self.capacity:
            return False
        return sum(not ticket.begun for ticket in self._waiting) >= queue_length

    def _measure(self, seconds: float) -> None:
        if self._service_seconds == 0.0:
            self._service_seconds = seconds
        else:
            self._service_seconds += SMOOTHING * (seconds - self._service_seconds)
