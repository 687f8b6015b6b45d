"""A flag that tasks of one event loop wait for, for objects of which each connection has several.

It does what asyncio.Event does, which keeps a queue of 760 bytes for those who wait, though mostly nobody or one does.
"""

from __future__ import annotations

import asyncio


class Flag:
    __slots__ = ("_set", "_waiting")

    def __init__(self) -> None:
        self._set = False
        self._waiting: list[asyncio.Future[None]] = []

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        """Everybody who waits goes on."""
        if not self._set:
            self._set = True
            for waiting in self._waiting:
                if not waiting.done():
                    waiting.set_result(None)

    def clear(self) -> None:
        """Whoever waits from now on waits for the next `set`."""
        self._set = False

    async def wait(self) -> None:
        """Returns when it is set, or has been since."""
        if self._set:
            return
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        try:
            await waiting
        finally:
            self._waiting.remove(waiting)
