"""Work whose faults are looked at, and end nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


async def outcome(work: Coroutine[Any, Any, object]) -> BaseException | None:
    """Does something to its end; returns the fault that it ended with. It ends with whoever waits here."""
    task = asyncio.create_task(work)
    try:
        await asyncio.wait([task])
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
    return None if task.cancelled() else task.exception()
