"""Work of chats: in order, bounded, cancelled, and ended."""

from __future__ import annotations

import asyncio

import pytest

from clients.chat.queues import ChatQueues, Job


class Work:
    """Jobs that are done when they are let."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.done: list[str] = []
        self.go = asyncio.Event()
        self.failures: list[tuple[int, str]] = []

    async def failed(self, chat: int, error: BaseException) -> None:
        self.failures.append((chat, str(error)))

    def job(self, name: str) -> Job:
        async def run() -> None:
            self.begun.append(name)
            await self.go.wait()
            if name == "fails":
                raise RuntimeError(name)
            self.done.append(name)

        return run


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_chat_does_one_at_a_time_and_no_other_waits_for_it() -> None:
    work = Work()
    queues = ChatQueues(work.failed)
    taken = [queues.put(1, work.job(name)) for name in "abcde"]
    assert queues.put(2, work.job("other"))
    assert taken == [True, True, True, False, False]
    await settled()
    assert work.begun == ["a", "other"]
    assert queues.put(1, work.job("f"))
    work.go.set()
    assert await queues.close(60) == 0
    assert [name for name in work.done if name != "other"] == ["a", "b", "c", "f"]


async def test_a_failure_is_told_and_the_next_one_runs() -> None:
    work = Work()
    work.go.set()
    queues = ChatQueues(work.failed)
    for name in ("fails", "next"):
        assert queues.put(1, work.job(name))
    assert await queues.close(60) == 0
    assert work.failures == [(1, "fails")]
    assert work.done == ["next"]


async def test_a_failure_that_cannot_be_told_stops_nothing() -> None:
    work = Work()
    work.go.set()

    async def fails(chat: int, error: BaseException) -> None:
        raise ConnectionError

    queues = ChatQueues(fails)
    for name in ("fails", "next"):
        assert queues.put(1, work.job(name))
    assert await queues.close(60) == 0
    assert work.done == ["next"]


async def test_what_is_cancelled_ends_and_what_comes_then_runs() -> None:
    work = Work()
    queues = ChatQueues(work.failed)
    for name in "ab":
        queues.put(1, work.job(name))
    await settled()
    assert await queues.cancel(1) == 2
    assert await queues.cancel(7) == 0
    assert queues.put(1, work.job("c"))
    work.go.set()
    assert await queues.close(60) == 0
    assert (work.begun, work.done, work.failures) == (["a", "c"], ["c"], [])


async def test_jobs_of_one_name_end_and_the_others_go_on() -> None:
    work = Work()
    queues = ChatQueues(work.failed)
    for name, mark in (("a", 1), ("b", 2), ("c", 1)):
        assert queues.put(1, work.job(name), mark)
    await settled()
    assert await queues.cancel(1, 1) == 2
    work.go.set()
    assert await queues.close(60) == 0
    assert (work.begun, work.done) == (["a", "b"], ["b"])


async def test_the_end_takes_nothing_more_and_counts_what_it_could_not_wait_for() -> None:
    work = Work()
    queues = ChatQueues(work.failed)
    for name in "ab":
        queues.put(1, work.job(name))
    await settled()
    assert await queues.close(0) == 2 and queues.lost == [1]
    assert not queues.put(1, work.job("c"))
    assert work.done == []


@pytest.mark.parametrize("at_once", [1, 2])
async def test_no_more_run_at_once_than_may(at_once: int) -> None:
    work = Work()
    queues = ChatQueues(work.failed, at_once=at_once)
    for chat in range(5):
        queues.put(chat, work.job(str(chat)))
    await settled()
    assert len(work.begun) == at_once
    work.go.set()
    assert await queues.close(60) == 0
    assert len(work.done) == 5
