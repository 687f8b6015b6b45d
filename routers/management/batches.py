"""/jobs/speech and /jobs/transcription: jobs of many items, and what is done with them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import Path, Query, Request, Response
from pydantic import BaseModel

from adapters.batches.submission import NewBatch, SpeechItem, Submission
from middleware.edge.bodies import is_json, media_type
from middleware.listener import listener_of
from routers.batch_services import BatchServices
from routers.http.deferred_route import deferred_router
from routers.http.jobs import STARTED, ItemShape, JobShape, accepted
from routers.http.operation import principal_of
from routers.management.batch_results import BatchResults, ResultFormat
from routers.management.jobs import NOT_FOUND, JobId
from routers.management.speech_items import JSON_LINES, NAME_CHARACTERS, ItemReader, lines_of, parsed
from stts.access.policy import RouteKind, Upload, policy
from stts.access.roles import Role
from stts.errors import InvalidParameter, InvalidRequest
from stts.jobs.transitions import BatchEvent
from stts.jobs.values import ItemState
from stts.settings import CurrentSettings

MOST_LISTED = 1000
ItemNumber = Annotated[int, Path(ge=0)]
RESULT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"audio/*": {}, "application/json": {}, "text/plain": {}, "text/vtt": {}}},
    404: {"description": "There is no job or no item of this name."},
    409: {"description": "The item has not been done, or it failed."},
}
REFUSED: dict[int | str, dict[str, Any]] = {
    **STARTED,
    429: {"description": "The key has too many jobs that have not ended."},
}


class ItemList(BaseModel):
    items: list[ItemShape]
    after: int | None
    """The number to go on behind; null: these are the last ones."""


class BatchRoutes:
    def __init__(self, batches: BatchServices, settings: CurrentSettings) -> None:
        self._batches = batches
        self._submission: Submission = batches.submission
        self._settings = settings
        self._results = BatchResults(batches, settings)
        self.router = deferred_router("jobs")
        add, one = self.router.add_api_route, "/jobs/{job_id}"
        add("/jobs/speech", self.speech, methods=["POST"], response_model=JobShape, status_code=202, responses=REFUSED)
        add(f"{one}/items", self.items, methods=["GET"], response_model=ItemList, responses=NOT_FOUND)
        add(f"{one}/items/{{number}}/content", self.content, methods=["GET"], response_class=Response, responses=RESULT)
        for name, command in (("pause", self.pause), ("resume", self.resume), ("retry", self.retry)):
            add(f"{one}/{name}", command, methods=["POST"], response_model=JobShape, responses=NOT_FOUND)

    @policy(RouteKind.MANAGE, role=Role.WRITE, upload=Upload.LINES)
    async def speech(self, request: Request) -> Response:
        """Speaks many texts in the background, also over restarts. JSON: `items` and defaults for all of them; or JSON
        lines (`application/jsonl`), an item a line, with defaults and `name` in the query.

        All items are checked before the job begins. Work that somebody waits for goes first.
        """
        kind = media_type(request)
        if is_json(kind):
            body = await parsed(await request.body())
            reader = self._reader(request, body.defaults)
            return await self._begin(request, body.name, reader.listed(body.items))
        if kind not in JSON_LINES:
            allowed = ["application/json", "application/jsonl"]
            raise InvalidRequest("Send JSON, or JSON lines.", param="content-type", allowed=allowed)
        defaults = dict(request.query_params)
        name = defaults.pop("name", "")
        if len(name) > NAME_CHARACTERS:
            raise InvalidParameter(f"A name has at most {NAME_CHARACTERS} characters.", param="name")
        reader = self._reader(request, defaults)
        lines = lines_of(request.stream(), self._settings().limits.json_bytes)
        async with aclosing(lines), aclosing(reader.of_lines(lines)) as items:
            return await self._begin(request, name, items)

    @policy(RouteKind.MANAGE, role=Role.WRITE)
    async def items(
        self,
        request: Request,
        job_id: JobId,
        after: Annotated[int, Query(ge=-1, description="The number to go on behind.")] = -1,
        limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 100,
        state: Annotated[ItemState | None, Query()] = None,
    ) -> ItemList:
        """Its items by number, each with how it ended."""
        await self._batches.require(job_id, principal_of(request).viewer)
        found = await (await self._batches.store()).items(job_id, after=after, most=limit, state=state)
        last = found[-1].number if len(found) == limit else None
        return ItemList(items=[ItemShape.of(item) for item in found], after=last)

    @policy(RouteKind.MANAGE, role=Role.WRITE)
    async def content(
        self,
        request: Request,
        job_id: JobId,
        number: ItemNumber,
        format: Annotated[ResultFormat, Query(description="Of a transcript.")] = "json",
    ) -> Response:
        """The result of an item that is done: its audio, or its transcript."""
        batch = await self._batches.require(job_id, principal_of(request).viewer)
        return await self._results.one(batch, number, format)

    @policy(RouteKind.MANAGE, role=Role.WRITE)
    async def pause(self, request: Request, job_id: JobId) -> JobShape:
        """Begins no item more until it is resumed; one that is being made is begun anew then."""
        return await self._commanded(request, job_id, "pause")

    @policy(RouteKind.MANAGE, role=Role.WRITE)
    async def resume(self, request: Request, job_id: JobId) -> JobShape:
        """Goes on, with the limits of the key that resumes it."""
        return await self._commanded(request, job_id, "resume")

    @policy(RouteKind.MANAGE, role=Role.WRITE)
    async def retry(self, request: Request, job_id: JobId) -> JobShape:
        """Tries the items that failed once more."""
        return await self._commanded(request, job_id, "retry")

    async def _commanded(self, request: Request, job_id: str, command: BatchEvent) -> JobShape:
        return JobShape.of_batch(await self._batches.command(job_id, command, principal_of(request)))

    def _reader(self, request: Request, defaults: Mapping[str, Any]) -> ItemReader:
        format = listener_of(request.scope).output().format
        return ItemReader(defaults, format, principal_of(request).permission)

    async def _begin(self, request: Request, name: str, items: AsyncIterator[SpeechItem]) -> Response:
        batch = await self._submission.submit(NewBatch("speech", name), items, principal_of(request))
        return accepted(JobShape.of_batch(batch))
