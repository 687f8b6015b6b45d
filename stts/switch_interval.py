"""Lets threads of a server have the interpreter sooner than Python gives it to them.

Who wants the interpreter's lock while another thread computes asks for it after 5 ms. The event loop and the threads of
engines hand it to each other at every call of a network or of numpy, so that a loop at work kept a batch of voice
activity waiting for several times of what it takes, and a thread that works in Python kept the loop from its sockets.
"""

from __future__ import annotations

import sys

SWITCH_SECONDS = 0.001


def shorten_switch_interval() -> None:
    """For a process that is this server's own, since it holds for all threads."""
    sys.setswitchinterval(SWITCH_SECONDS)
