"""Queue of the ASGI events of one socket, which is empty for nearly all of its life."""

from __future__ import annotations

from typing import Any

from stts.streams.flag import Flag


class EventQueue:
    """Stands for the asyncio.Queue of uvicorn, whose three queues and event would take 3 KB of each connection."""

    __slots__ = ("_arrived", "_events")

    def __init__(self) -> None:
        self._events: list[Any] = []
        """Few: reading stops while one waits."""
        self._arrived = Flag()

    def qsize(self) -> int:
        return len(self._events)

    def empty(self) -> bool:
        return not self._events

    def put_nowait(self, event: Any) -> None:
        self._events.append(event)
        self._arrived.set()

    def put_back(self, event: Any) -> None:
        """Puts an event before all others."""
        self._events.insert(0, event)
        self._arrived.set()

    def get_nowait(self) -> Any:
        return self._events.pop(0)

    async def get(self) -> Any:
        """The next, once there is one."""
        while not self._events:
            self._arrived.clear()
            await self._arrived.wait()
        return self._events.pop(0)
