"""/jobs: long work that the server does for a client, such as fetching a model or speaking many texts."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import Header, Path, Query, Request, Response

from middleware.edge.auditing import note_audit
from routers.batch_services import BatchServices
from routers.http.answer import event_answer
from routers.http.deferred_route import deferred_router
from routers.http.jobs import ItemShape, JobShape
from routers.http.names import WITHOUT_CONTROLS
from routers.http.operation import principal_of
from routers.http.sse import event
from routers.management.all_jobs import AllJobs
from stts.access.audit import Action
from stts.access.policy import RouteKind, policy
from stts.access.roles import Role
from stts.access.viewer import Viewer
from stts.errors import InvalidRequest
from stts.jobs.values import ENDED

JobId = Annotated[str, Path(max_length=64, pattern=WITHOUT_CONTROLS)]
LAST_EVENT = 2**63 - 1
"""Numbers of events are kept as so much at most."""
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"description": "There is no job with this id."}}
EVENTS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {}}}, **NOT_FOUND}
LOOK_SECONDS = 1.0
"""Between two looks for what another server has changed."""
MOST_LISTED = 1000
TOLD_AT_ONCE = 200
"""Items that are read together for events."""


class JobRoutes:
    def __init__(self, jobs: AllJobs, batches: BatchServices) -> None:
        self._jobs = jobs
        self._batches = batches
        self.router = deferred_router("jobs")
        add = self.router.add_api_route
        add("/jobs", self.listing, methods=["GET"], response_model=list[JobShape])
        add("/jobs/{job_id}", self.show, methods=["GET"], response_model=JobShape, responses=NOT_FOUND)
        add("/jobs/{job_id}", self.cancel, methods=["DELETE"], response_model=JobShape, responses=NOT_FOUND)
        add("/jobs/{job_id}/events", self.events, methods=["GET"], response_class=Response, responses=EVENTS)

    @policy(RouteKind.MANAGE, role=Role.WRITE)
    async def listing(
        self,
        request: Request,
        limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 100,
        before: Annotated[
            float | None, Query(allow_inf_nan=False, description="`started` of the last job that was read.")
        ] = None,
    ) -> list[JobShape]:
        """One's own, of administrators all, newest first: as many as `limit` says, those behind them with `before`."""
        viewer = principal_of(request).viewer
        found = await self._jobs.all(viewer)
        found += [JobShape.of_batch(batch) for batch in await self._batches.all(viewer, limit, before)]
        wanted = [job for job in found if before is None or job.started < before]
        return sorted(wanted, key=lambda job: job.started, reverse=True)[:limit]

    @policy(RouteKind.MANAGE, role=Role.WRITE)
    async def show(self, request: Request, job_id: JobId) -> JobShape:
        viewer = principal_of(request).viewer
        if (batch := await self._batches.find(job_id, viewer)) is not None:
            return JobShape.of_batch(batch)
        return await self._jobs.one(job_id, viewer)

    @policy(RouteKind.MANAGE, role=Role.WRITE, action=Action.JOB_CANCEL)
    async def cancel(
        self,
        request: Request,
        job_id: JobId,
        remove: Annotated[bool, Query(description="Of jobs of many items: also remove it with its results.")] = False,
    ) -> JobShape:
        """Ends it, and answers when it has ended. What was fetched or made so far is kept."""
        principal = principal_of(request)
        if await self._batches.find(job_id, principal.viewer) is None:
            shape = await self._jobs.cancel(job_id, principal.viewer)
        else:
            shape = JobShape.of_batch(await self._batches.command(job_id, "cancel", principal))
            if remove:
                await self._batches.remove(job_id)
        note_audit(request, kind=shape.kind, subject=shape.subject)
        return shape

    @policy(RouteKind.MANAGE, role=Role.WRITE)
    async def events(
        self,
        request: Request,
        job_id: JobId,
        after: Annotated[int, Query(ge=0, le=LAST_EVENT, description="Number of the last event that was read.")] = 0,
        last_event_id: Annotated[str | None, Header(max_length=32)] = None,
    ) -> Response:
        """The job now and at each change, as server-sent events, until it has ended. Leaving does not end it.

        Jobs of many items also tell each item that has ended (`event: item`). Their events have numbers: with `after`
        or `Last-Event-ID` they go on behind one.
        """
        viewer = principal_of(request).viewer
        if await self._batches.find(job_id, viewer) is not None:
            if last_event_id is not None and last_event_id.isascii() and last_event_id.isdigit():
                after = int(last_event_id)
            if after > LAST_EVENT:
                raise InvalidRequest(f"A number of an event is at most {LAST_EVENT}.", param="Last-Event-ID")
            events = self._batch_events(job_id, viewer, after)
        else:
            events = _events(self._jobs.changes(job_id, viewer))
        return event_answer(events, dict, lambda error: event({"code": error.code}))

    async def _batch_events(self, job_id: str, viewer: Viewer, after: int) -> AsyncGenerator[str, None]:
        told = -1
        async with aclosing(self._batches.runner.changes(LOOK_SECONDS)) as changes:
            async for _ in changes:
                batch = await self._batches.find(job_id, viewer)
                if batch is None:
                    return
                if batch.sequence == told:
                    continue
                async with aclosing(self._ends(job_id, after, batch.sequence)) as ends:
                    async for end in ends:
                        yield end
                after = told = batch.sequence
                yield event(JobShape.of_batch(batch).model_dump(mode="json"), id=batch.sequence)
                if batch.state in ENDED:
                    return

    async def _ends(self, job_id: str, after: int, to: int) -> AsyncGenerator[str, None]:
        store = await self._batches.store()
        while items := await store.changes(job_id, after=after, to=to, most=TOLD_AT_ONCE):
            for item in items:
                shape = ItemShape.of(item).model_dump(mode="json", exclude_none=True)
                yield event(shape, "item", id=item.sequence)
            after = items[-1].sequence


async def _events(changes: AsyncGenerator[JobShape, None]) -> AsyncGenerator[str, None]:
    async with aclosing(changes):
        async for shape in changes:
            yield event(shape.model_dump(mode="json"))
