"""Jobs run in threads, few at once; they can be followed, joined and cancelled, and all end with the server."""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing

import pytest

from adapters.jobs import AT_ONCE, KEPT, MOST_RUNNING, Job, Jobs, Report
from stts.access.viewer import EVERYBODY, Viewer
from stts.cancellation import Cancellation
from stts.errors import Busy, NotFound, ShuttingDown, StorageFull
from tests.patient import PATIENCE


def held(gate: threading.Event) -> object:
    def work(report: Report, cancellation: Cancellation) -> None:
        report("holding", bytes_done=1, bytes_total=4)
        gate.wait(PATIENCE)
        cancellation.check()

    return work


def wait_cancelled(_: Report, cancellation: Cancellation) -> None:
    cancellation.pause(60)


async def ended(job: Job) -> Job:
    async for _ in job.changes():
        pass
    return job


async def test_a_job_is_followed_to_its_end() -> None:
    jobs, gate, told = Jobs(), threading.Event(), []

    async def then() -> None:
        told.append("then")

    job = jobs.start("pull", "small", held(gate), then)  # type: ignore[arg-type]
    seen = []
    async for status in job.changes():
        seen.append((status.state, status.progress.step, status.progress.part))
        if status.progress.step == "holding":
            gate.set()
    assert seen[0] == ("running", "waiting", None)
    assert ("running", "holding", 0.25) in seen
    assert seen[-1][0] == "done"
    assert told == ["then"]
    assert jobs.get(job.id) is job
    assert job.ended is not None


async def test_who_reads_slowly_is_told_the_end() -> None:
    job = Job("pull", "small")
    async with aclosing(job.changes()) as changes:
        assert (await anext(changes)).state == "running"
        job.end("done")
        assert [status.state async for status in changes] == ["done"]


async def test_a_second_job_of_the_same_kind_and_subject_is_the_first() -> None:
    jobs, gate = Jobs(), threading.Event()
    first = jobs.start("pull", "small", held(gate))  # type: ignore[arg-type]
    assert jobs.start("pull", "small", held(gate)) is first  # type: ignore[arg-type]
    assert jobs.start("pull", "other", held(gate)) is not first  # type: ignore[arg-type]
    gate.set()
    await asyncio.gather(*(ended(job) for job in jobs.all()))
    assert jobs.start("pull", "small", held(gate)) is not first  # type: ignore[arg-type]
    await jobs.close()


@pytest.mark.parametrize("running", [True, False], ids=["running", "waiting"])
async def test_a_cancelled_job_ends_at_once(running: bool) -> None:
    jobs = Jobs()
    others = 0 if running else AT_ONCE
    for number in range(others + 1):
        job = jobs.start("pull", str(number), wait_cancelled)
    async with aclosing(job.changes()) as changes:
        async for status in changes:
            if not running or status.progress.step == "starting":
                break
    assert (await jobs.cancel(job.id)).state == "cancelled"
    assert (await jobs.cancel(job.id)).state == "cancelled"
    await jobs.close()


async def test_what_goes_wrong_is_told() -> None:
    jobs = Jobs()

    def full(_: Report, __: Cancellation) -> None:
        raise StorageFull("full")

    def broken(_: Report, __: Cancellation) -> None:
        raise ZeroDivisionError("secret")

    one, two = await asyncio.gather(ended(jobs.start("a", "a", full)), ended(jobs.start("b", "b", broken)))
    assert (one.state, one.error and one.error.code) == ("failed", "storage_full")
    assert (two.state, two.error and two.error.code) == ("failed", "internal_error")
    assert "secret" not in str(two.error)


async def test_jobs_are_bounded_and_end_with_the_server() -> None:
    jobs = Jobs()
    for number in range(MOST_RUNNING):
        jobs.start("pull", str(number), wait_cancelled)
    with pytest.raises(Busy):
        jobs.start("pull", "one more", wait_cancelled)
    await jobs.close()
    assert {job.state for job in jobs.all()} == {"cancelled"}
    with pytest.raises(ShuttingDown):
        jobs.start("pull", "late", wait_cancelled)


async def test_ended_jobs_are_kept_for_a_while() -> None:
    jobs = Jobs()
    first = await ended(jobs.start("a", "first", lambda *_: None))
    for number in range(KEPT + 1):
        await ended(jobs.start("a", str(number), lambda *_: None))
    with pytest.raises(NotFound):
        jobs.get(first.id)


async def test_jobs_belong_to_who_had_them_done() -> None:
    jobs, gate = Jobs(), threading.Event()
    anna, bert = Viewer("anna"), Viewer("bert")
    mine = jobs.start("pull", "small", held(gate), owner="anna")  # type: ignore[arg-type]
    servers = jobs.start("pull", "other", held(gate))  # type: ignore[arg-type]
    assert (jobs.all(anna), jobs.all(bert), jobs.all()) == ([mine], [], [mine, servers])
    assert jobs.get(mine.id, anna) is mine and mine.status().owner == "anna"
    for job, viewer in ((mine, bert), (servers, anna), (servers, EVERYBODY)):
        with pytest.raises(NotFound):
            jobs.get(job.id, viewer)
        with pytest.raises(NotFound):
            await jobs.cancel(job.id, viewer)
    assert mine.state == servers.state == "running"
    gate.set()
    assert await jobs.remove_all("anna") == 1
    assert await jobs.remove_all("anna") == 0
    assert jobs.all() == [servers] and mine.state != "running"
    await jobs.close()
