"""Those who wait until something is so look again at each change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


class Changes:
    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, found: Callable[[], Found]) -> Found:
        """Waits for a value that is true, and returns it."""
        while True:
            changed = self._changed
            if value := found():
                return value
            await changed.wait()
