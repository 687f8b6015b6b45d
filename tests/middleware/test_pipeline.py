from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

import pytest

from middleware.pipeline import Item, Operation, Request, Stage, compose
from stts.context import RequestContext
from stts.errors import Busy

Log = list[str]


def stage(name: str, log: Log) -> Stage:
    """Notes when it begins and ends, and closes nothing by itself."""

    async def run(
        context: RequestContext, request: Request, call_next: Operation[Request, Item]
    ) -> AsyncIterator[Item]:
        log.append(f"{name} begins")
        try:
            async for item in call_next(context, request):
                yield item
        finally:
            log.append(f"{name} ends")

    return run


def counting(log: Log) -> Operation[str, int]:
    async def run(context: RequestContext, request: str) -> AsyncIterator[int]:
        try:
            for number in range(3):
                yield number
        finally:
            log.append("slot free")

    return run


async def test_stages_stand_around_the_operation_in_the_order_named() -> None:
    log: Log = []
    pipeline = compose([stage("outer", log), stage("inner", log)], counting(log))
    async with aclosing(pipeline(RequestContext("tts"), "text")) as items:
        assert [item async for item in items] == [0, 1, 2]
    assert log == ["outer begins", "inner begins", "slot free", "inner ends", "outer ends"]


@pytest.mark.parametrize("stages", [0, 1, 3])
async def test_the_innermost_is_closed_when_aclose_on_the_outermost_returns(stages: int) -> None:
    log: Log = []
    names = [str(number) for number in range(stages)]
    items = compose([stage(name, log) for name in names], counting(log))(RequestContext("tts"), "text")
    assert await anext(items) == 0
    await items.aclose()
    assert log == [f"{name} begins" for name in names] + ["slot free"] + [f"{name} ends" for name in reversed(names)]


async def test_cancellation_closes_the_innermost_before_the_task_ends() -> None:
    log: Log = []
    waiting = asyncio.Event()

    async def endless(context: RequestContext, request: str) -> AsyncIterator[int]:
        try:
            yield 0
            waiting.set()
            await asyncio.Event().wait()
        finally:
            log.append("slot free")

    async def consume() -> None:
        async with aclosing(compose([stage("only", log)], endless)(RequestContext("tts"), "text")) as items:
            async for _ in items:
                pass

    task = asyncio.create_task(consume())
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log == ["only begins", "slot free", "only ends"]


async def test_a_consumer_cancelled_between_items_closes_all() -> None:
    log: Log = []
    holding = asyncio.Event()

    async def consume() -> None:
        async with aclosing(compose([stage("only", log)], counting(log))(RequestContext("tts"), "text")) as items:
            async for _ in items:
                holding.set()
                await asyncio.Event().wait()

    task = asyncio.create_task(consume())
    await holding.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log == ["only begins", "slot free", "only ends"]


async def test_what_a_stage_opens_and_abandons_is_closed() -> None:
    log: Log = []

    async def first_only(
        context: RequestContext, request: Request, call_next: Operation[Request, Item]
    ) -> AsyncIterator[Item]:
        for _ in range(2):
            async for item in call_next(context, request):
                yield item
                break

    async with aclosing(compose([first_only], counting(log))(RequestContext("tts"), "text")) as items:
        assert [item async for item in items] == [0, 0]
    assert log == ["slot free", "slot free"]


async def test_everything_is_closed_even_where_closing_fails() -> None:
    log: Log = []

    async def stubborn(context: RequestContext, request: str) -> AsyncIterator[int]:
        try:
            yield 0
        finally:
            raise RuntimeError("will not close")

    items = compose([stage("outer", log), stage("inner", log)], stubborn)(RequestContext("tts"), "text")
    await anext(items)
    with pytest.raises(RuntimeError, match="will not close"):
        await items.aclose()
    assert log == ["outer begins", "inner begins", "inner ends", "outer ends"]


async def test_an_error_passes_through_all_stages() -> None:
    log: Log = []

    async def failing(context: RequestContext, request: str) -> AsyncIterator[int]:
        yield 0
        raise ValueError("broken")

    async with aclosing(compose([stage("only", log)], failing)(RequestContext("tts"), "text")) as items:
        with pytest.raises(ValueError, match="broken"):
            async for _ in items:
                pass
    assert log == ["only begins", "only ends"]


async def test_an_operation_need_not_be_a_generator() -> None:
    class Once:
        def __init__(self) -> None:
            self.left = 1

        def __aiter__(self) -> AsyncIterator[int]:
            return self

        async def __anext__(self) -> int:
            if not self.left:
                raise StopAsyncIteration
            self.left -= 1
            return 7

    operation: Callable[[RequestContext, str], AsyncIterator[int]] = lambda context, request: Once()  # noqa: E731
    async with aclosing(compose([stage("only", [])], operation)(RequestContext("tts"), "text")) as items:
        assert [item async for item in items] == [7]


async def test_a_stage_that_hands_on_what_is_further_in_stands_around_nothing() -> None:
    log: Log = []

    def untouched(
        context: RequestContext, request: Request, call_next: Operation[Request, Item]
    ) -> AsyncIterator[Item]:
        log.append("asked")
        return call_next(context, request)

    innermost = compose([], counting(log))
    with_stage = compose([stage("outer", log), untouched, untouched], counting(log))
    context = RequestContext("tts")
    async with aclosing(with_stage(context, "text")) as items:
        assert log == []  # nothing begins before an item is asked for
        assert [item async for item in items] == [0, 1, 2]
    assert log == ["outer begins", "asked", "asked", "slot free", "outer ends"]
    assert context.status == "completed"
    async with aclosing(innermost(RequestContext("tts"), "text")) as items:
        assert [item async for item in items] == [0, 1, 2]


async def test_what_a_stage_raises_before_its_first_item_is_written_down() -> None:
    def refuse(context: RequestContext, request: Request, call_next: Operation[Request, Item]) -> AsyncIterator[Item]:
        call_next(context, request)
        raise Busy("later")

    log: Log = []
    context = RequestContext("tts")
    with pytest.raises(Busy):
        async with aclosing(compose([stage("outer", log), refuse], counting(log))(context, "text")) as items:
            await anext(items)
    assert (context.status, context.error, log) == ("error", "busy", ["outer begins", "outer ends"])
