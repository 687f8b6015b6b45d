"""Tells what works in the background that somebody waits for an operation."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable

from middleware.pipeline import Item, Operation, Request
from stts.context import Priority, RequestContext
from stts.scheduling.yielding import Yielding


class YieldingStage:
    """Operations of the lowest priority pass untouched: nobody waits for them."""

    def __init__(self, yielding: Yielding, clock: Callable[[], float] = time.monotonic) -> None:
        self._yielding = yielding
        self._clock = clock

    def __call__(
        self, context: RequestContext, request: Request, call_next: Operation[Request, Item]
    ) -> AsyncIterator[Item]:
        if context.priority is Priority.BATCH:
            return call_next(context, request)
        return self._told(context, request, call_next)

    async def _told(
        self, context: RequestContext, request: Request, call_next: Operation[Request, Item]
    ) -> AsyncGenerator[Item, None]:
        self.begin()
        try:
            async for item in call_next(context, request):
                yield item
        finally:
            self.end()

    def begin(self) -> None:
        self._yielding.begin()

    def end(self) -> None:
        self._yielding.end(self._clock())
