"""/jobs: long work that the server does for a client, such as fetching a model."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import Path, Request, Response

from adapters.jobs import Job, Jobs
from middleware.edge.auditing import note_audit
from routers.http.answer import event_answer
from routers.http.deferred_route import deferred_router
from routers.http.jobs import JobShape
from routers.http.sse import event
from stts.access.audit import Action
from stts.access.policy import RouteKind, policy

JobId = Annotated[str, Path(max_length=64)]
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"description": "There is no job with this id."}}
EVENTS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {}}}, **NOT_FOUND}


class JobRoutes:
    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self.router = deferred_router("jobs")
        add = self.router.add_api_route
        add("/jobs", self.listing, methods=["GET"], response_model=list[JobShape])
        add("/jobs/{job_id}", self.show, methods=["GET"], response_model=JobShape, responses=NOT_FOUND)
        add("/jobs/{job_id}", self.cancel, methods=["DELETE"], response_model=JobShape, responses=NOT_FOUND)
        add("/jobs/{job_id}/events", self.events, methods=["GET"], response_class=Response, responses=EVENTS)

    @policy(RouteKind.MANAGE)
    async def listing(self) -> list[JobShape]:
        """Newest first; the last hundred that have ended are kept."""
        return [JobShape.of(job.status()) for job in reversed(self._jobs.all())]

    @policy(RouteKind.MANAGE)
    async def show(self, job_id: JobId) -> JobShape:
        return JobShape.of(self._jobs.get(job_id).status())

    @policy(RouteKind.MANAGE, action=Action.JOB_CANCEL)
    async def cancel(self, request: Request, job_id: JobId) -> JobShape:
        """Ends it, and answers when it has ended. What it has fetched so far is kept for another try."""
        status = (await self._jobs.cancel(job_id)).status()
        note_audit(request, kind=status.kind, subject=status.subject)
        return JobShape.of(status)

    @policy(RouteKind.MANAGE)
    async def events(self, job_id: JobId) -> Response:
        """The job now and at each change, as server-sent events, until it has ended. Leaving does not end it."""
        return event_answer(_events(self._jobs.get(job_id)), dict, lambda error: event({"code": error.code}))


async def _events(job: Job) -> AsyncGenerator[str, None]:
    async with aclosing(job.changes()) as changes:
        async for status in changes:
            yield event(JobShape.of(status).model_dump(mode="json"))
