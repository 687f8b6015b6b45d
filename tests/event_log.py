"""Events of a socket, as a test reads them: what came, and the next one of a kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Event = dict[str, Any]


class EventLog:
    def __init__(self) -> None:
        self.events: list[Event] = []
        """All that are events, oldest first."""
        self._read = 0
        """Number of events that `until` has gone past."""

    async def next(self) -> Any:
        """Waits for the next message, which is added to `events` if it is one."""
        raise NotImplementedError

    async def until(self, type: str, check: Callable[[Event], bool] = lambda event: True) -> Event:
        """The next such event after the last one waited for."""
        while True:
            while self._read < len(self.events):
                self._read += 1
                event = self.events[self._read - 1]
                if event["type"] == type and check(event):
                    return event
            await self.next()

    def of(self, type: str) -> list[Event]:
        return [event for event in self.events if event["type"] == type]

    def types(self) -> list[str]:
        return [event["type"] for event in self.events]
