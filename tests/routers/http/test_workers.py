from __future__ import annotations

import asyncio
import threading
from concurrent.futures import CancelledError

import pytest

from routers.http.workers import Workers
from stts.errors import Busy
from stts.storage.files.records import Checkpoint
from tests.patient import PATIENCE


class Job:
    """Blocks until it may go on."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.may = threading.Event()
        self.left = threading.Event()

    def __call__(self, checkpoint: Checkpoint) -> str:
        self.begun.set()
        self.may.wait(PATIENCE)
        try:
            checkpoint()
        except CancelledError:
            self.left.set()
            raise
        return "done"

    async def has_begun(self) -> None:
        assert await asyncio.to_thread(self.begun.wait, PATIENCE)


async def test_what_a_call_returns_and_raises_comes_back() -> None:
    workers = Workers("test", threads=1, queue_length=0)
    assert await workers.run(lambda checkpoint: 5) == 5
    with pytest.raises(ZeroDivisionError):
        await workers.run(lambda checkpoint: 1 // 0)
    assert await workers.run(lambda checkpoint: 6) == 6


async def test_threads_and_the_queue_are_bounded() -> None:
    workers = Workers("test", threads=2, queue_length=1)
    jobs = [Job() for _ in range(3)]
    runs = [asyncio.ensure_future(workers.run(job)) for job in jobs]
    for job in jobs[:2]:
        await job.has_begun()
    with pytest.raises(Busy):
        await workers.run(Job())
    assert not jobs[2].begun.is_set()
    for job in jobs:
        job.may.set()
    assert await asyncio.gather(*runs) == ["done"] * 3
    assert await workers.run(lambda checkpoint: 5) == 5


async def test_a_call_whose_caller_leaves_keeps_its_place_until_it_ends() -> None:
    workers = Workers("test", threads=1, queue_length=0)
    job = Job()
    run = asyncio.ensure_future(workers.run(job))
    await job.has_begun()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    with pytest.raises(Busy):
        await workers.run(Job())
    job.may.set()
    assert await asyncio.to_thread(job.left.wait, PATIENCE)


async def test_a_call_whose_caller_leaves_the_queue_never_begins() -> None:
    workers = Workers("test", threads=1, queue_length=1)
    first, second, third = Job(), Job(), Job()
    runs = [asyncio.ensure_future(workers.run(job)) for job in (first, second)]
    await first.has_begun()
    runs[1].cancel()
    with pytest.raises(asyncio.CancelledError):
        await runs[1]
    runs[1] = asyncio.ensure_future(workers.run(third))
    for job in (first, third):
        job.may.set()
    assert await asyncio.gather(*runs) == ["done", "done"]
    assert not second.begun.is_set()


async def test_long_work_lets_others_have_their_turns() -> None:
    workers = Workers("test", threads=1, queue_length=1)
    order: list[str] = []
    first = Job()

    def long(checkpoint: Checkpoint) -> str | None:
        if not order:
            first(checkpoint)
        order.append("long")
        return "long" if order.count("long") == 3 else None

    running = asyncio.ensure_future(workers.in_turns(long))
    await first.has_begun()
    short = asyncio.ensure_future(workers.run(lambda checkpoint: order.append("short")))
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await workers.in_turns(long)
    first.may.set()
    assert await running == "long"
    await short
    assert order == ["long", "short", "long", "long"]
    assert await workers.in_turns(lambda checkpoint: 5) == 5


async def test_long_work_that_fails_or_is_left_gives_its_place_back() -> None:
    workers = Workers("test", threads=1, queue_length=0)
    with pytest.raises(ZeroDivisionError):
        await workers.in_turns(lambda checkpoint: 1 // 0)

    def endless(checkpoint: Checkpoint) -> int | None:
        begun.set()
        return None if begun.is_set() else 1

    begun = threading.Event()
    running = asyncio.ensure_future(workers.in_turns(endless))
    assert await asyncio.to_thread(begun.wait, PATIENCE)
    running.cancel()
    await asyncio.wait([running])
    assert await asyncio.to_thread(workers._places.acquire, timeout=PATIENCE)
    workers._places.release()
    assert await workers.run(lambda checkpoint: 6) == 6
