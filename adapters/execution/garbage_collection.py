"""What stays is not looked at again and again.

A full pass of Python's garbage collector over the modules and models of a server takes a tenth of a second, in which no
audio leaves. They never become garbage, so they are set aside; a pass then sees only what came since.
"""

from __future__ import annotations

import gc


def settle() -> None:
    """After something large was loaded that stays: takes as long as one full pass."""
    gc.collect()
    gc.freeze()


def settle_again() -> None:
    """The same in a process that is this server's own, which has settled at its start; elsewhere nothing."""
    if gc.get_freeze_count():
        settle()
