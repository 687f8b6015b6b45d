"""Jobs in memory, whichever worker of a server is asked."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest

from adapters.jobs import Jobs, Report
from routers.management.all_jobs import AllJobs
from stts.access.viewer import SERVER, Viewer
from stts.cancellation import Cancellation
from stts.errors import NotFound
from tests.stts.peers.crowd import Crowd, crowd

pytestmark = pytest.mark.socket

ANNA = Viewer("anna")


class Work:
    """Blocking work that a test lets end."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def __call__(self, report: Report, cancellation: Cancellation) -> None:
        report("fetching", 0.5)
        while not self.go_on.wait(0.001):
            cancellation.check()


@asynccontextmanager
async def two() -> AsyncIterator[tuple[Crowd, Jobs, AllJobs, AllJobs]]:
    async with crowd() as them:
        here, there = Jobs(), Jobs()
        try:
            yield them, here, AllJobs(here, await them.joined()), AllJobs(there, await them.joined())
        finally:
            await here.close()
            await there.close()


async def test_a_job_of_another_worker_is_listed_shown_and_cancelled() -> None:
    async with two() as (_, jobs, one, other):
        job = jobs.start("pull", "whisper", Work(), owner="anna")
        for all_jobs in (one, other):
            assert [each.id for each in await all_jobs.all(ANNA)] == [job.id]
            assert [each.id for each in await all_jobs.all(SERVER)] == [job.id]
            assert await all_jobs.all(Viewer("bert")) == []
            assert (await all_jobs.one(job.id, ANNA)).state == "running"
            for id, who in ((job.id, Viewer("bert")), ("job-unknown", ANNA)):
                with pytest.raises(NotFound):
                    await all_jobs.one(id, who)
                with pytest.raises(NotFound):
                    await all_jobs.cancel(id, who)
        assert (await other.cancel(job.id, ANNA)).state == "cancelled"
        assert job.state == "cancelled"
        assert (await other.one(job.id, ANNA)).state == "cancelled"


async def test_changes_of_a_job_of_another_worker_are_told_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("routers.management.all_jobs.LOOK_SECONDS", 0.0)
    async with two() as (_, jobs, one, other):
        work = Work()
        job = jobs.start("pull", "whisper", work, owner="anna")
        for all_jobs in (other, one):
            states: list[str] = []
            async with aclosing(all_jobs.changes(job.id, ANNA)) as changes:
                async for shape in changes:
                    states.append(shape.state)
                    work.go_on.set()
            assert states[-1] == "done"
        with pytest.raises(NotFound):
            await anext(other.changes("job-unknown", ANNA))


async def test_a_job_ends_for_others_with_its_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("routers.management.all_jobs.LOOK_SECONDS", 0.0)
    async with crowd() as them:
        here, peers = Jobs(), await them.joined()
        AllJobs(here, peers)
        other = AllJobs(Jobs(), await them.joined())
        job = here.start("pull", "whisper", Work())
        async with aclosing(other.changes(job.id, SERVER)) as changes:
            assert (await anext(changes)).state == "running"
            await them.gone(peers)
            assert [each.state async for each in changes if each.state != "running"] == []
        await here.close()
