"""How long work in a thread is ended by another thread: between two steps, and out of a call that waits."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Cancelled(Exception):
    """Raised in the thread of work that nobody wants any more."""


class Cancellation:
    """One piece of work's. `cancel` may be called by any thread, at any time, and any number of times."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._interrupt: Callable[[], None] | None = None

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def cancel(self) -> None:
        self._event.set()
        with self._lock:
            if self._interrupt is not None:
                self._interrupt()

    def check(self) -> None:
        """Raises Cancelled."""
        if self._event.is_set():
            raise Cancelled

    def pause(self, seconds: float) -> None:
        """Waits. Raises Cancelled, at once."""
        if self._event.wait(seconds):
            raise Cancelled

    def interrupt_by(self, interrupt: Callable[[], None] | None) -> None:
        """Names what ends the call that the work now waits in: hangs up, ends a process. It must not block.

        Called by `cancel`, and at once where that has been called before.
        """
        with self._lock:
            self._interrupt = interrupt
            if interrupt is not None and self._event.is_set():
                interrupt()
