"""Timing: when the first item came, when the last, how many bytes, and how the operation ended.

The innermost of the three stages: what it writes when an operation ends is there for those around it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable

from middleware.pipeline import Item, Operation, Request
from stts.context import RequestContext
from stts.speech import AudioChunk

STREAM_TIMES = {"queue": "queue", "first_item": "first"}
"""Metric -> its name in `Server-Timing`, for what is known when a stream's headers leave."""
ALL_TIMES = {**STREAM_TIMES, "engine": "engine", "encode": "encode", "total": "total"}


class TimingStage:
    """Writes `first_item`, `total` and `bytes`, counted from `context.start_time`, and the status."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock

    async def __call__(
        self, context: RequestContext, request: Request, call_next: Operation[Request, Item]
    ) -> AsyncGenerator[Item, None]:
        context.status = "error"
        size = 0
        first = True
        try:
            async for item in call_next(context, request):
                if first:
                    first = False
                    context.metrics["first_item"] = self._clock() - context.start_time
                if isinstance(item, AudioChunk):
                    size += len(item.data)
                yield item
            context.status = "completed"
        except (GeneratorExit, asyncio.CancelledError):
            context.status = "cancelled"
            raise
        finally:
            context.metrics["total"] = self._clock() - context.start_time
            context.metrics["bytes"] = size


def server_timing(context: RequestContext, *, collected: bool) -> str:
    """The value of the `Server-Timing` header, in milliseconds.

    A stream's headers leave with its first item, so they hold the queue and the first item; those of a collected
    answer hold all.
    """
    names = ALL_TIMES if collected else STREAM_TIMES
    times = context.metrics
    return ", ".join(f"{name};dur={times[metric] * 1000:.1f}" for metric, name in names.items() if metric in times)
