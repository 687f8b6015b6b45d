"""Freezes long-lived objects (gc.freeze), so that full collections do not pause audio.

A full pass of Python's garbage collector over the modules and models of a server takes a tenth of a second, in which no
audio leaves. They never become garbage, so they are set aside; a pass then sees only what came since.
"""

from __future__ import annotations

import gc


def freeze_gc() -> None:
    """Collects, then freezes whatever is alive; takes as long as one full pass. Collections run from here on."""
    gc.collect()
    gc.freeze()
    gc.enable()


def freeze_gc_again() -> None:
    """Freezes anew in a process that froze at its start, which is this server's own; elsewhere does nothing."""
    if gc.get_freeze_count():
        freeze_gc()
