"""Timing: when the first item came, and how many bytes were sent. The innermost of the stages."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable

from middleware.pipeline import Item, Operation, Request
from stts.context import RequestContext
from stts.speech import AudioChunk
from stts.transcription import TranscriptRetracted


class TimingStage:
    """Writes `first_item`, counted from `context.start_time`, `bytes`, those of what is not taken back, and `held`."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock

    async def __call__(
        self, context: RequestContext, request: Request, call_next: Operation[Request, Item]
    ) -> AsyncGenerator[Item, None]:
        times = context.metrics
        times.bytes = 0
        async for item in call_next(context, request):
            if isinstance(item, TranscriptRetracted) or (isinstance(item, AudioChunk) and item.retracts):
                times.first_item, times.bytes = None, 0
            elif times.first_item is None:
                times.first_item = self._clock() - context.start_time
            if isinstance(item, AudioChunk):
                times.bytes += len(item.data)
            given = self._clock()
            yield item
            times.held = (times.held or 0.0) + self._clock() - given

    def whole(self, context: RequestContext, size: int) -> None:
        """Writes the same for an answer of so many bytes that is there at once."""
        context.metrics.first_item, context.metrics.bytes = self._clock() - context.start_time, size


def whole_timing(context: RequestContext) -> str:
    """The same of an answer that was there at once: nothing of it was made."""
    times = context.metrics
    return f"first;dur={(times.first_item or 0.0) * 1000:.1f}, total;dur={(times.total or 0.0) * 1000:.1f}"


def server_timing(context: RequestContext, *, collected: bool) -> str:
    """The value of the `Server-Timing` header, in milliseconds.

    A stream's headers leave with its first item, so they hold the queue and the first item; those of a collected
    answer hold all.
    """
    times = context.metrics
    known = {"queue": times.queue, "first": times.first_item}
    if collected:
        known |= {"engine": times.engine, "encode": times.encode, "total": times.total}
    return ", ".join(f"{name};dur={seconds * 1000:.1f}" for name, seconds in known.items() if seconds is not None)
