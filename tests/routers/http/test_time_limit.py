from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from routers.http.time_limit import within
from stts.errors import EngineTimeout


class Numbers:
    """Gives numbers, and waits for ever before the one that is named."""

    def __init__(self, stuck_at: int | None = None) -> None:
        self._stuck_at = stuck_at
        self.closed = False

    async def __call__(self) -> AsyncGenerator[int, None]:
        try:
            for number in range(3):
                if number == self._stuck_at:
                    await asyncio.Event().wait()
                yield number
        finally:
            self.closed = True


async def test_all_items_pass() -> None:
    numbers = Numbers()
    assert [each async for each in within(numbers(), 60.0)] == [0, 1, 2]
    assert numbers.closed


@pytest.mark.parametrize("stuck_at", [0, 1])
async def test_what_does_not_come_in_time_is_an_error_and_ends_the_work(stuck_at: int) -> None:
    numbers, seen = Numbers(stuck_at), list[int]()
    with pytest.raises(EngineTimeout, match=r"0\.01 seconds"):
        async for each in within(numbers(), 0.01):
            seen.append(each)
    assert seen == list(range(stuck_at)) and numbers.closed


async def test_whoever_leaves_ends_the_work() -> None:
    numbers = Numbers()
    items = within(numbers(), 60.0)
    assert await anext(items) == 0
    await items.aclose()
    assert numbers.closed
