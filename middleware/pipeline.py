"""The onion every operation passes: stages around an operation, items flowing out as they come.

A stage may act before the first item, on each item, after the last, and when the consumer leaves. Whoever consumes a
pipeline closes it (`contextlib.aclosing`); when that `aclose()` returns, everything inside is closed, the innermost
first, however the stages are written. So a stage that ends sees all that was measured further in, and how it ended: the
pipeline itself writes status and total time of the context, wherever the operation ends.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Generic, Protocol, TypeVar

from stts.context import RequestContext
from stts.errors import STTSError

Request = TypeVar("Request")
"""A frozen dataclass with the real text or audio: SpeechRequest, ListenRequest."""
Item = TypeVar("Item")
"""Items of an operation: AudioChunk, TranscriptEvent."""

Operation = Callable[[RequestContext, Request], AsyncIterator[Item]]
Pipeline = Callable[[RequestContext, Request], AsyncGenerator[Item, None]]
"""An operation with its stages around it; whoever consumes it closes it."""


class Stage(Protocol):
    """One layer. It calls `call_next` once, never, or again; what that opens is closed for it."""

    def __call__(
        self, context: RequestContext, request: Request, call_next: Operation[Request, Item]
    ) -> AsyncIterator[Item]: ...


def compose(
    stages: Sequence[Stage], operation: Operation[Request, Item], clock: Callable[[], float] = time.perf_counter
) -> Pipeline[Request, Item]:
    """Puts stages, named outside in, around an operation. `clock`: that of `RequestContext.start_time`."""
    composed: Pipeline[Request, Item] = _hop(_pass_on, operation, clock)
    for stage in reversed(stages):
        composed = _hop(stage, composed, clock)
    return composed


def _pass_on(context: RequestContext, request: Request, call_next: Operation[Request, Item]) -> AsyncIterator[Item]:
    return call_next(context, request)


def _hop(stage: Stage, call_next: Operation[Request, Item], clock: Callable[[], float]) -> Pipeline[Request, Item]:
    """One stage as a pipeline. Each hop writes how it ended, so that the stages around it know, whoever ended it."""

    async def run(context: RequestContext, request: Request) -> AsyncGenerator[Item, None]:
        hop = _Hop(call_next)
        try:
            try:
                async for item in hop.enter(stage, context, request):
                    yield item
            finally:
                await hop.close()
        except (GeneratorExit, asyncio.CancelledError):
            context.finish("cancelled", now=clock())
            raise
        except Exception as error:
            code = error.code if isinstance(error, STTSError) else STTSError.code
            context.finish("error", code, now=clock())
            raise
        context.finish("completed", now=clock())

    return run


class _Hop(Generic[Request, Item]):
    """One hop of one operation: the `call_next` of its stage, and whatever is open here."""

    __slots__ = ("_call_next", "_open")

    def __init__(self, call_next: Operation[Request, Item]) -> None:
        self._call_next = call_next
        self._open: list[AsyncIterator[Item]] = []

    def enter(self, stage: Stage, context: RequestContext, request: Request) -> AsyncIterator[Item]:
        items = stage(context, request, self)
        self._open.insert(0, items)
        return items

    def __call__(self, context: RequestContext, request: Request) -> AsyncIterator[Item]:
        items = self._call_next(context, request)
        self._open.append(items)
        return items

    async def close(self) -> None:
        """Closes what the stage opened, then the stage, which waits at its yield meanwhile; all, even if one fails."""
        while self._open:
            # Adapters promise no more than an AsyncIterator: not everything can be closed.
            close = getattr(self._open.pop(), "aclose", None)
            if close is not None:
                try:
                    await close()
                except BaseException:
                    await self.close()
                    raise
