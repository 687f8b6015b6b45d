"""Freezes long-lived objects (gc.freeze), so that full collections do not pause audio.

A full pass of Python's garbage collector over the modules and models of a server takes a tenth of a second, in which no
audio leaves. They never become garbage, so they are set aside; a pass then sees only what came since.
"""

from __future__ import annotations

import gc

PASSES = (2000, 2, 100)
"""New objects until a pass over those; such passes until one over what they left as well; and those until a full one.
Under load thousands live for a moment, and a pass finds nothing among them: fewer save little, and each is a pause of
the event loop, which takes as long as there are objects."""
_frozen = False
"""True in a process that froze at its start, which is this server's own."""


def freeze_gc() -> None:
    """Freezes whatever a start has made, and lets collections run from here on.

    No pass over it comes first, which would take a tenth of a second: a thousand objects of garbage stay for ever.
    """
    global _frozen
    _frozen = True
    gc.freeze()
    gc.set_threshold(*PASSES)
    gc.enable()


def freeze_gc_again() -> None:
    """Collects and freezes what has come since the start; does nothing in a process that has not frozen then."""
    # Not by `gc.get_freeze_count()`, which counts each object, and nothing else runs meanwhile.
    if _frozen:
        gc.collect()
        gc.freeze()
