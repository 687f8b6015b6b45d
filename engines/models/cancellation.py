"""How a fetch that runs in a thread is ended by another: between two blocks, and out of a read that waits."""

from __future__ import annotations

import contextlib
import socket
import threading


class Cancelled(Exception):
    """Raised in the thread of a fetch that nobody wants any more."""


class Cancellation:
    """One fetch's. `cancel` may be called by any thread, at any time, and any number of times."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def cancel(self) -> None:
        self._event.set()
        self.hang_up()

    def hang_up(self) -> None:
        """Ends the connection in use: who reads from it gets an error at once."""
        with self._lock:
            self._shut()

    def check(self) -> None:
        """Raises Cancelled."""
        if self._event.is_set():
            raise Cancelled

    def pause(self, seconds: float) -> None:
        """Waits. Raises Cancelled, at once."""
        if self._event.wait(seconds):
            raise Cancelled

    def use(self, connected: socket.socket) -> None:
        """Tells of the connection that the fetch waits for from now on."""
        with self._lock:
            self._socket = connected
            if self._event.is_set():
                self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            # Below TLS: its own shutdown would take the state away from under the thread that reads.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
