import asyncio

import pytest

from stts.streams.channel import Channel
from tests.patient import PATIENCE


async def test_items_come_out_in_order_and_then_it_ends() -> None:
    ready: Channel[int] = Channel(10)
    for number in range(3):
        ready.put(number, 1.0)
    ready.close()
    assert [item async for item in ready] == [0, 1, 2]


async def test_the_maker_waits_for_room_until_the_reader_has_read() -> None:
    ready: Channel[str] = Channel(1.0)
    ready.put("a", 2.0)
    room = asyncio.ensure_future(ready.room())
    await asyncio.sleep(0)
    assert not room.done()
    reader = aiter(ready)
    assert await anext(reader) == "a"
    await asyncio.wait_for(room, PATIENCE)


async def test_the_reader_gets_what_was_made_before_the_error() -> None:
    ready: Channel[str] = Channel(1.0)
    ready.put("a", 1.0)
    ready.close(ValueError("broke"))
    reader = aiter(ready)
    assert await anext(reader) == "a"
    with pytest.raises(ValueError, match="broke"):
        await anext(reader)


async def test_a_waiting_reader_wakes_for_an_item() -> None:
    ready: Channel[str] = Channel(1.0)
    reader = aiter(ready)
    waiting = asyncio.ensure_future(anext(reader))
    await asyncio.sleep(0)
    ready.put("late", 0.0)
    assert await asyncio.wait_for(waiting, PATIENCE) == "late"


async def test_all_that_lies_unread_is_taken_at_once() -> None:
    channel: Channel[str] = Channel(1.0)
    channel.put("a", 1.0)
    channel.put("b", 1.0)
    assert await channel.take() == ["a", "b"]
    assert channel.weight == 0
    channel.close()
    assert await channel.take() == []
