"""Callbacks of many streams in one turn of the event loop: a handle for each would cost as much as its work."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

AT_ONCE = 64
"""Callbacks in one turn, some milliseconds; then others have theirs."""


class Callbacks:
    """Calls what is put into it in the next turns of the loop, in order. What one of them raises goes to the loop's
    exception handler, and the others are called all the same. Their context is nobody's."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()

    def put(self, callback: Callable[[], None]) -> None:
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._call)
        self._waiting.append(callback)

    def _call(self) -> None:
        for _ in range(min(AT_ONCE, len(self._waiting))):
            try:
                self._waiting[0]()
            except Exception as error:  # noqa: BLE001 - told as the loop tells of any callback, whatever it is
                told = {"message": "Exception in callback of a stream", "exception": error}
                asyncio.get_running_loop().call_exception_handler(told)
            # Only now: whatever it puts into this comes in a later turn.
            self._waiting.popleft()
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._call)
