"""Freezes long-lived objects (gc.freeze), so that full collections do not pause audio.

A full pass of Python's garbage collector over the modules and models of a server takes a tenth of a second, in which no
audio leaves. They never become garbage, so they are set aside; a pass then sees only what came since.
"""

from __future__ import annotations

import gc

YOUNG_OBJECTS = 5000
"""Objects that may be new between two passes over the new ones. Under load thousands live for a moment, and a pass
finds nothing among them."""
_frozen = False
"""True in a process that froze at its start, which is this server's own."""


def freeze_gc() -> None:
    """Freezes whatever a start has made, and lets collections run from here on.

    No pass over it comes first, which would take a tenth of a second: a thousand objects of garbage stay for ever.
    """
    global _frozen
    _frozen = True
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)
    gc.enable()


def freeze_gc_again() -> None:
    """Collects and freezes what has come since the start; does nothing in a process that has not frozen then."""
    # Not by `gc.get_freeze_count()`, which counts each object, and nothing else runs meanwhile.
    if _frozen:
        gc.collect()
        gc.freeze()
