from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

import pytest

from adapters.execution.offload import Offload
from tests.adapters.execution.engines_under_test import until

pytestmark = pytest.mark.usefixtures("leaves_nothing")


@pytest.fixture
async def decoders(leaves_nothing: None) -> AsyncIterator[Offload]:
    made = Offload("decoder", 2)
    yield made
    made.close()


async def test_items_and_errors_come_over(decoders: Offload) -> None:
    def work() -> Iterator[int]:
        yield from range(50)
        raise LookupError("kept as it is")

    async with aclosing(decoders.iterate(work, buffer=2)) as items:
        assert [await anext(items) for _ in range(50)] == list(range(50))
        with pytest.raises(LookupError, match="kept as it is"):
            await anext(items)


async def test_so_many_at_once_and_the_rest_waits_cancellably(decoders: Offload) -> None:
    gate = threading.Event()
    begun: list[int] = []

    def work() -> Iterator[int]:
        begun.append(1)
        gate.wait(10)
        yield 1

    async def whole() -> list[int]:
        async with aclosing(decoders.iterate(work)) as items:
            return [item async for item in items]

    tasks = [asyncio.ensure_future(whole()) for _ in range(4)]
    await until(lambda: len(begun) == 2)
    tasks[3].cancel()
    await asyncio.wait([tasks[3]])
    gate.set()
    assert await asyncio.gather(*tasks[:3]) == [[1]] * 3
    assert len(begun) == 3


async def test_closing_closes_the_iterator_first(decoders: Offload) -> None:
    closed = threading.Event()

    def work() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    items = decoders.iterate(work)
    assert await anext(items) == 1
    await items.aclose()
    assert closed.is_set()
