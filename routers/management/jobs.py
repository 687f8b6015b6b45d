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
from routers.http.operation import principal_of
from routers.http.sse import event
from stts.access.audit import Action
from stts.access.policy import RouteKind, policy
from stts.access.roles import Role

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

    @policy(RouteKind.MANAGE, role=Role.WRITE)
    async def listing(self, request: Request) -> list[JobShape]:
        """One's own, of administrators all, newest first; the last hundred that have ended are kept."""
        return [JobShape.of(job.status()) for job in reversed(self._jobs.all(principal_of(request).viewer))]

    @policy(RouteKind.MANAGE, role=Role.WRITE)
    async def show(self, request: Request, job_id: JobId) -> JobShape:
        return JobShape.of(self._jobs.get(job_id, principal_of(request).viewer).status())

    @policy(RouteKind.MANAGE, role=Role.WRITE, action=Action.JOB_CANCEL)
    async def cancel(self, request: Request, job_id: JobId) -> JobShape:
        """Ends it, and answers when it has ended. What it has fetched so far is kept for another try."""
        status = (await self._jobs.cancel(job_id, principal_of(request).viewer)).status()
        note_audit(request, kind=status.kind, subject=status.subject)
        return JobShape.of(status)

    @policy(RouteKind.MANAGE, role=Role.WRITE)
    async def events(self, request: Request, job_id: JobId) -> Response:
        """The job now and at each change, as server-sent events, until it has ended. Leaving does not end it."""
        job = self._jobs.get(job_id, principal_of(request).viewer)
        return event_answer(_events(job), dict, lambda error: event({"code": error.code}))


async def _events(job: Job) -> AsyncGenerator[str, None]:
    async with aclosing(job.changes()) as changes:
        async for status in changes:
            yield event(JobShape.of(status).model_dump(mode="json"))
