"""Jobs in memory, of this process and of all other workers of its server, as they are shown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from adapters.jobs import Job, Jobs
from routers.http.jobs import JobShape
from stts.access.viewer import Viewer
from stts.errors import NotFound
from stts.peers.line import Plain
from stts.peers.link import Peers

ANSWER_SECONDS = 2.0
"""Longest wait for the other workers."""
CANCEL_SECONDS = 30.0
"""Longest wait until another worker has ended a job."""
LOOK_SECONDS = 0.5
"""Between two looks at a job of another worker."""


class AllJobs:
    def __init__(self, jobs: Jobs, peers: Peers | None = None) -> None:
        """`peers`: the other workers of this server, which have jobs of their own."""
        self._jobs = jobs
        self._peers = peers
        if peers is not None:
            peers.on("jobs.all", self._tell_all)
            peers.on("jobs.one", self._tell_one)
            peers.on("jobs.cancel", self._tell_cancelled)

    async def all(self, viewer: Viewer) -> list[JobShape]:
        """Those that are for this viewer."""
        found = [JobShape.of(job.status()) for job in self._jobs.all(viewer)]
        for others in await self._asked("jobs.all", _plain(viewer), ANSWER_SECONDS):
            found += [JobShape.model_validate(each) for each in others]
        return found

    async def one(self, id: str, viewer: Viewer) -> JobShape:
        """Raises NotFound, also for the job of somebody else."""
        try:
            return JobShape.of(self._jobs.get(id, viewer).status())
        except NotFound:
            return await self._elsewhere("jobs.one", id, viewer, ANSWER_SECONDS)

    async def cancel(self, id: str, viewer: Viewer) -> JobShape:
        """Ends a job, and returns when it has ended. Raises NotFound."""
        try:
            return JobShape.of((await self._jobs.cancel(id, viewer)).status())
        except NotFound:
            return await self._elsewhere("jobs.cancel", id, viewer, CANCEL_SECONDS)

    async def changes(self, id: str, viewer: Viewer) -> AsyncGenerator[JobShape, None]:
        """The job now and at each change, until it has ended. Its first item raises NotFound where there is none."""
        try:
            job = self._jobs.get(id, viewer)
        except NotFound:
            changes = self._watched(id, viewer)
        else:
            changes = _shapes(job)
        async with aclosing(changes):
            async for shape in changes:
                yield shape

    async def _watched(self, id: str, viewer: Viewer) -> AsyncGenerator[JobShape, None]:
        """Looks again and again: a job of another worker. It ends with that worker."""
        told = await self._elsewhere("jobs.one", id, viewer, ANSWER_SECONDS)
        yield told
        while told.state == "running":
            await asyncio.sleep(LOOK_SECONDS)
            try:
                now = await self._elsewhere("jobs.one", id, viewer, ANSWER_SECONDS)
            except NotFound:
                return
            if now != told:
                told = now
                yield told

    async def _elsewhere(self, topic: str, id: str, viewer: Viewer, seconds: float) -> JobShape:
        for found in await self._asked(topic, [id, *_plain(viewer)], seconds):
            return JobShape.model_validate(found)
        raise NotFound("There is no such job; ended ones are kept for a while.")

    async def _asked(self, topic: str, value: Plain, seconds: float) -> list[Plain]:
        found = [] if self._peers is None else await self._peers.ask_others(topic, value, seconds)
        return [each for each in found if each is not None]

    def _tell_all(self, value: Plain) -> Plain:
        return [JobShape.of(job.status()).model_dump(mode="json") for job in self._jobs.all(Viewer(*value))]

    def _tell_one(self, value: Plain) -> Plain:
        id, *viewer = value
        try:
            return JobShape.of(self._jobs.get(id, Viewer(*viewer)).status()).model_dump(mode="json")
        except NotFound:
            return None

    async def _tell_cancelled(self, value: Plain) -> Plain:
        id, *viewer = value
        try:
            return JobShape.of((await self._jobs.cancel(id, Viewer(*viewer))).status()).model_dump(mode="json")
        except NotFound:
            return None


async def _shapes(job: Job) -> AsyncGenerator[JobShape, None]:
    async with aclosing(job.changes()) as changes:
        async for status in changes:
            yield JobShape.of(status)


def _plain(viewer: Viewer) -> list[Plain]:
    return [viewer.user_id, viewer.sees_all]
