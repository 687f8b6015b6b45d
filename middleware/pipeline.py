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
from typing import Generic, Protocol, TypeVar, cast

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
    composed: Pipeline[Request, Item] = _around(_pass_on, operation, clock)
    for stage in reversed(stages[1:]):
        composed = _within(stage, composed, clock)
    return _around(stages[0], composed, clock) if stages else composed


def _pass_on(context: RequestContext, request: Request, call_next: Operation[Request, Item]) -> AsyncIterator[Item]:
    return call_next(context, request)


def _around(stage: Stage, call_next: Operation[Request, Item], clock: Callable[[], float]) -> Pipeline[Request, Item]:
    """One stage as a pipeline, which begins when its first item is asked for."""

    def run(context: RequestContext, request: Request) -> AsyncGenerator[Item, None]:
        return _run(_Hop(stage, call_next, context, request), clock)

    return run


def _within(stage: Stage, call_next: Pipeline[Request, Item], clock: Callable[[], float]) -> Pipeline[Request, Item]:
    """A stage inside another, which asks for the first item as soon as it calls. One that hands on what is further in,
    as many do for most requests, costs no more than that."""

    def run(context: RequestContext, request: Request) -> AsyncGenerator[Item, None]:
        hop = _Hop(stage, call_next, context, request)
        hop.enter()
        return cast("AsyncGenerator[Item, None] | None", hop.untouched) or _run(hop, clock)

    return run


async def _run(hop: _Hop[Request, Item], clock: Callable[[], float]) -> AsyncGenerator[Item, None]:
    """Each hop writes how it ended, so that the stages around it know, whoever ended it."""
    context = hop.context
    try:
        try:
            async for item in hop.enter():
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


class _Hop(Generic[Request, Item]):
    """One hop of one operation: the `call_next` of its stage, and whatever is open here."""

    __slots__ = ("_call_next", "_items", "_open", "_request", "_stage", "context")

    def __init__(
        self, stage: Stage, call_next: Operation[Request, Item], context: RequestContext, request: Request
    ) -> None:
        self._stage = stage
        self._call_next = call_next
        self.context = context
        self._request = request
        self._items: AsyncIterator[Item] | None = None
        self._open: list[AsyncIterator[Item]] = []

    def enter(self) -> AsyncIterator[Item]:
        """Calls the stage, once."""
        if self._items is None:
            self._items = self._stage(self.context, self._request, self)
            self._open.insert(0, self._items)
        return self._items

    def __call__(self, context: RequestContext, request: Request) -> AsyncIterator[Item]:
        items = self._call_next(context, request)
        self._open.append(items)
        return items

    @property
    def untouched(self) -> AsyncIterator[Item] | None:
        """The items from further in that the stage handed on as they are; None: it stands around them."""
        return self._items if len(self._open) == 2 and self._open[0] is self._open[1] else None

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
