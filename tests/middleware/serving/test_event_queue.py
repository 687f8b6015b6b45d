from __future__ import annotations

import asyncio

from middleware.serving.event_queue import EventQueue


async def test_events_come_in_order() -> None:
    queue = EventQueue()
    queue.put_nowait("first")
    queue.put_nowait("second")
    assert queue.qsize() == 2
    assert [await queue.get(), queue.get_nowait()] == ["first", "second"]
    assert queue.empty()


async def test_who_comes_first_waits_for_the_next_event() -> None:
    queue = EventQueue()
    waiting = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    assert not waiting.done()
    queue.put_nowait("first")
    assert await waiting == "first"


async def test_who_stops_waiting_takes_nothing() -> None:
    queue = EventQueue()
    waiting = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    queue.put_nowait("first")
    assert await queue.get() == "first"
