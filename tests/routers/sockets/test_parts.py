from __future__ import annotations

import asyncio

import pytest

from routers.sockets.parts import until_all
from stts.errors import Busy


async def test_all_parts_come_to_their_end() -> None:
    done: list[int] = []

    async def part(number: int) -> None:
        await asyncio.sleep(0)
        done.append(number)

    await until_all(part(1), part(2))
    assert sorted(done) == [1, 2]


async def test_a_part_that_fails_ends_the_others_and_is_the_one_that_is_told() -> None:
    ended = asyncio.Event()

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def fails() -> None:
        await asyncio.sleep(0)
        raise Busy("No more.")

    with pytest.raises(Busy):
        await until_all(waits(), fails())
    assert ended.is_set()
