"""Events and frames on their way from a Live session to one client: bounded; silence is left out first."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from routers.compat.live.link import OutputFrame
from routers.compat.live.transcripts import OUTPUT

SILENT_MS = 500
"""Output that may wait before silence is left out of it."""
MOST_MS = 10_000
"""Speech that may wait."""
MOST_EVENTS = 1000

Event = dict[str, Any]


class Outgoing:
    """One reader, `deliver`; `on_full` is called once, when its client is too far behind to be told everything."""

    def __init__(self, on_full: Callable[[], None]) -> None:
        self._on_full = on_full
        self._waiting: deque[Event | OutputFrame] = deque()
        self._milliseconds = 0
        self._events = 0
        self._closed = False
        self._full = False
        self._changed = asyncio.Event()

    def tell(self, event: Event) -> None:
        """Does nothing once it is closed."""
        if self._closed:
            return
        self._waiting.append(event)
        self._events += 1
        if self._events > MOST_EVENTS:
            self._is_full()
        self._changed.set()

    def play(self, frame: OutputFrame) -> None:
        length = frame.end_ms - frame.start_ms
        if self._milliseconds + length > SILENT_MS:
            if frame.silent:
                return
            self._drop(lambda waiting: waiting.silent)
        if self._milliseconds + length > MOST_MS:
            self._is_full()
            return
        self._waiting.append(frame)
        self._milliseconds += length
        self._changed.set()

    def interrupted(self) -> None:
        """Speech that was not sent is never sent, nor are its words, which stand before it."""
        self._drop(lambda waiting: not waiting.silent)
        kept = [item for item in self._waiting if isinstance(item, OutputFrame) or item.get("type") != OUTPUT]
        self._events -= len(self._waiting) - len(kept)
        self._waiting = deque(kept)

    def close(self) -> None:
        """Nothing more comes: `deliver` ends when all is sent."""
        self._closed = True
        self._changed.set()

    async def deliver(
        self, send: Callable[[Event], Awaitable[None]], play: Callable[[OutputFrame], Awaitable[None]]
    ) -> None:
        while True:
            while not self._waiting:
                if self._closed:
                    return
                self._changed.clear()
                await self._changed.wait()
            item = self._waiting.popleft()
            if isinstance(item, OutputFrame):
                self._milliseconds -= item.end_ms - item.start_ms
                await play(item)
            else:
                self._events -= 1
                await send(item)

    def _drop(self, which: Callable[[OutputFrame], bool]) -> None:
        kept = [item for item in self._waiting if not (isinstance(item, OutputFrame) and which(item))]
        self._waiting = deque(kept)
        self._milliseconds = sum(item.end_ms - item.start_ms for item in kept if isinstance(item, OutputFrame))

    def _is_full(self) -> None:
        if not self._full:
            self._full = True
            self._on_full()
