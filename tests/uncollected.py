"""Rests the garbage collector, for tests of what is to be freed by counts of references alone."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Nothing is collected meanwhile."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def freed(it: object) -> asyncio.Event:
    """Returns what is set when it is freed."""
    gone = asyncio.Event()
    weakref.finalize(it, gone.set)
    return gone
