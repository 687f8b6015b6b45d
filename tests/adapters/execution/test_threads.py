from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import partial

import pytest

from adapters.execution.threads import END, Run, outlast
from adapters.execution.worker_threads import NICENESS, Workers
from tests.patient import PATIENCE

COLOUR: ContextVar[str] = ContextVar("colour")

pytestmark = pytest.mark.usefixtures("leaves_nothing")


@pytest.fixture
def workers() -> Iterator[Workers]:
    made = Workers("worker", 2)
    yield made
    made.close()


def start(workers: Workers, make: Callable[[], Iterator[int]], buffer: int = 4) -> Run[int]:
    run = Run(make, buffer=buffer)
    workers.submit(run)
    return run


async def drained(run: Run[int]) -> list[int]:
    items = []
    while (item := await run.next()) is not END:
        items.append(item)
    return items


async def test_all_items_in_order_through_a_narrow_door(workers: Workers) -> None:
    assert await drained(start(workers, lambda: iter(range(1000)), buffer=1)) == list(range(1000))


async def test_the_iterator_is_made_run_and_closed_in_one_thread(workers: Workers) -> None:
    seen: list[threading.Thread] = []

    def work() -> Iterator[int]:
        try:
            for number in range(100):
                seen.append(threading.current_thread())
                yield number
        finally:
            seen.append(threading.current_thread())

    run = start(workers, work)
    await run.next()
    run.abort()
    assert await outlast(run, 10)
    assert set(seen) == {workers.threads[0]}
    assert workers.threads[0] is not threading.main_thread()


async def test_jobs_beyond_the_threads_wait_for_their_turn(workers: Workers) -> None:
    gate, begun = threading.Event(), list[int]()

    def work(number: int) -> Iterator[int]:
        gate.wait(PATIENCE)
        begun.append(number)
        yield number

    runs = [start(workers, partial(work, number)) for number in range(12)]
    last = Run(lambda: work(12))
    workers.close(last)
    gate.set()
    assert [await drained(run) for run in [*runs, last]] == [[number] for number in range(13)]
    assert len(workers.threads) == 2
    assert sorted(begun) == [*range(13)]
    for thread in workers.threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()


async def test_it_does_not_run_further_ahead_than_the_buffer(workers: Workers) -> None:
    made = 0
    full = threading.Event()

    def work() -> Iterator[int]:
        nonlocal made
        for number in range(100):
            made += 1
            if made == 5:
                full.set()
            yield number

    run = start(workers, work, buffer=4)
    assert full.wait(PATIENCE)
    assert made == 5, "four wait and one is in its hand"
    assert await run.next() == 0
    run.abort()
    assert await outlast(run, 10)
    assert made <= 6


async def test_an_abort_before_the_start_runs_nothing(workers: Workers) -> None:
    def work() -> Iterator[int]:
        raise AssertionError

    run = Run(work)
    run.abort()
    workers.submit(run)
    assert await run.next() is END
    assert run.take_error() is None


@pytest.mark.parametrize("kind", [ValueError, SystemExit, KeyboardInterrupt, asyncio.CancelledError, TimeoutError])
async def test_whatever_it_raises_is_carried_over(workers: Workers, kind: type[BaseException]) -> None:
    def work() -> Iterator[int]:
        yield 1
        raise kind

    run = start(workers, work)
    assert await drained(run) == [1]
    assert isinstance(run.take_error(), kind)
    assert run.take_error() is None
    assert await drained(start(workers, lambda: iter([2]))) == [2], "the thread lives on"


async def test_what_cannot_even_be_made_is_carried_over(workers: Workers) -> None:
    def work() -> Iterator[int]:
        raise LookupError

    run = start(workers, work)
    assert await run.next() is END
    assert isinstance(run.take_error(), LookupError)


async def test_silence_is_told_from_an_end(workers: Workers) -> None:
    gate = threading.Event()

    def work() -> Iterator[int]:
        gate.wait(PATIENCE)
        yield 1

    run = start(workers, work)
    with pytest.raises(TimeoutError):
        await run.next(0.01)
    assert not await outlast(run, 0.01)
    gate.set()
    assert await drained(run) == [1]


async def test_who_gives_up_waits_no_longer(workers: Workers) -> None:
    gate = threading.Event()
    ended = asyncio.Event()

    def work() -> Iterator[int]:
        gate.wait(PATIENCE)
        yield 1

    run = start(workers, work)
    run.on_end = ended.set
    waiting = asyncio.ensure_future(run.next())
    await asyncio.sleep(0)
    run.give_up()
    assert await waiting is END
    assert not run.ended
    gate.set()
    await ended.wait()
    assert run.ended


async def test_the_context_of_the_caller_goes_along(workers: Workers) -> None:
    COLOUR.set("green")
    run = start(workers, lambda: iter([len(COLOUR.get())]))
    COLOUR.set("red")
    assert await drained(run) == [5]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has priorities of threads")
@pytest.mark.parametrize("gives_way", [False, True])
async def test_threads_that_give_way_have_a_lower_priority(gives_way: bool) -> None:
    def priority() -> Iterator[int]:
        yield os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    workers = Workers("worker", 1, gives_way=gives_way)
    (own,) = priority()
    assert await drained(start(workers, priority)) == [min(19, own + NICENESS) if gives_way else own]
    workers.close()


async def test_no_more_threads_than_the_limit(workers: Workers) -> None:
    gate = threading.Event()

    def work() -> Iterator[int]:
        gate.wait(PATIENCE)
        yield 1

    runs = [start(workers, work) for _ in range(5)]
    assert len(workers.threads) == 2
    gate.set()
    assert [await drained(run) for run in runs] == [[1]] * 5


def test_a_thread_outlives_its_loop_without_harm(workers: Workers) -> None:
    gate = threading.Event()

    def work() -> Iterator[int]:
        yield 1
        gate.wait(PATIENCE)
        yield 2

    async def leave() -> None:
        assert await start(workers, work).next() == 1

    asyncio.run(leave())
    gate.set()
    assert asyncio.run(again(workers)) == [3]


async def again(workers: Workers) -> list[int]:
    return await drained(start(workers, lambda: iter([3])))
