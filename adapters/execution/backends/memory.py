"""Memory that a worker does not use is given back to the system while nothing is asked of it.

The allocator of glibc keeps what a call took for the next one, which is right between two calls and costs each engine
tens of megabytes afterwards. Giving it back takes milliseconds, and so does taking it again: not after every call.
"""

from __future__ import annotations

import ctypes
import select
import socket

IDLE_SECONDS = 1.0
"""Seconds without a call after which memory is given back."""


def give_back_when_idle(calls: socket.socket) -> None:
    """Returns when there is something to read, or when free memory has been given back.

    For a socket with one call at a time: nothing that was sent may lie in a buffer of its reader.
    """
    poll = select.poll()
    poll.register(calls, select.POLLIN)
    if not poll.poll(IDLE_SECONDS * 1000):
        give_back()


def give_back() -> None:
    """Returns free memory to the system, where the allocator can; elsewhere there is nothing to do."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
