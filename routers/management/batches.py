"""/jobs/speech and /jobs/transcription: jobs of many items, and what is done with them."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, cast

from fastapi import Path, Query, Request, Response
from pydantic import BaseModel
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect

from adapters.batches.submission import NewBatch, SpeechItem, Submission
from middleware.edge.auditing import note_audit
from middleware.edge.bodies import is_json, media_type, no_object
from middleware.listener import listener_of
from routers.batch_services import BatchServices
from routers.http.answer import while_there
from routers.http.deferred_route import deferred_router
from routers.http.forms import MULTIPART, read_form
from routers.http.jobs import STARTED, ItemShape, JobShape, accepted
from routers.http.operation import principal_of
from routers.management.batch_results import BatchResults, ResultFormat
from routers.management.book_items import KINDS as BOOKS
from routers.management.book_items import about, book_items, opened_book
from routers.management.files import file_name
from routers.management.jobs import NOT_FOUND, JobId
from routers.management.speech_items import (
    JSON_LINES,
    NAME_CHARACTERS,
    ItemReader,
    SpeechJobFields,
    checked,
    lines_of,
    parsed,
)
from stts.access.audit import Action
from stts.access.policy import RouteKind, Upload, policy
from stts.access.roles import Role
from stts.errors import InvalidRequest
from stts.jobs.transitions import BatchEvent
from stts.jobs.values import ItemState
from stts.settings import CurrentSettings

if TYPE_CHECKING:
    from stts.books.reading import BookKind

MOST_LISTED = 1000
MEMORY_BYTES = 1 << 20
"""A book that is longer waits on the disk until it is read."""
BLOCK_BYTES = 1 << 16
LINES_NAMES = (".jsonl", ".ndjson")
LAST_NUMBER = 2**31 - 1
"""Numbers of items are kept as so much at most."""
ItemNumber = Annotated[int, Path(ge=0, le=LAST_NUMBER)]
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
        changed = {**NOT_FOUND, 409: {"description": "That cannot be done to a job in this state."}}
        for name, command in (("pause", self.pause), ("resume", self.resume), ("retry", self.retry)):
            add(f"{one}/{name}", command, methods=["POST"], response_model=JobShape, responses=changed)

    @policy(RouteKind.MANAGE, role=Role.WRITE, upload=Upload.LINES, action=Action.JOB_START)
    async def speech(self, request: Request) -> Response:
        """Speaks many texts, or one book, in the background, also over restarts. JSON: `items` and defaults for all of
        them. JSON lines (`application/jsonl`), an item a line, or a book (`application/epub+zip`, `text/markdown`,
        `text/plain`): with defaults in the query. A form: one of these as `file`, with defaults as further fields.

        All items are checked before the job begins. Work that somebody waits for goes first.
        """
        await self._submission.require_place(principal_of(request))
        kind = media_type(request)
        if is_json(kind):
            body = await parsed(await request.body())
            self._submission.require_items(len(body.items))
            return await self._begin(request, body, self._reader(request, body).listed(body.items))
        if kind == MULTIPART:
            return await self._sent_in_form(request)
        body = checked({**request.query_params, "items": []})
        if kind in JSON_LINES:
            return await self._lines(request, body, request.stream())
        if kind not in BOOKS:
            allowed = ["application/json", "application/jsonl", MULTIPART, *BOOKS]
            also = "JSON lines, a book, and a form with `file` are taken too."
            raise InvalidRequest(f"{no_object(request)} {also}", param="body", allowed=allowed)
        with tempfile.SpooledTemporaryFile(MEMORY_BYTES) as file:
            async for chunk in request.stream():
                await asyncio.to_thread(file.write, chunk)
            return await self._book(request, body, cast("BinaryIO", file), body.name, BOOKS[kind])

    async def _sent_in_form(self, request: Request) -> Response:
        form = await read_form(request)
        try:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise InvalidRequest("The form has no `file`: JSON lines or a book.", param="file")
            fields = {name: value for name, value in form.items() if isinstance(value, str)}
            body, name = checked({**fields, "items": []}), file_name(file.filename)
            if name.lower().endswith(LINES_NAMES) or file.content_type in JSON_LINES:
                return await self._lines(request, body, _blocks(file))
            return await self._book(request, body, file.file, name)
        finally:
            await form.close()

    async def _lines(self, request: Request, body: SpeechJobFields, chunks: AsyncIterator[bytes]) -> Response:
        lines = lines_of(chunks, self._settings().limits.json_bytes)
        async with aclosing(lines):
            return await self._begin(request, body, self._reader(request, body).of_lines(lines))

    async def _book(
        self, request: Request, body: SpeechJobFields, file: BinaryIO, name: str, kind: BookKind | None = None
    ) -> Response:
        """Ends with the client's leaving, and with it what is read and written of the book."""
        making = self._begun_of(request, body, file, name or "Book", kind)
        if (answer := await while_there(request.receive, making)) is None:
            raise ClientDisconnect
        return answer

    async def _begun_of(
        self, request: Request, body: SpeechJobFields, file: BinaryIO, name: str, kind: BookKind | None
    ) -> Response:
        book = await opened_book(file, name, kind, most_paragraphs=self._settings().jobs.items)
        body.name = body.name or "".join(filter(str.isprintable, book.info.title))[:NAME_CHARACTERS]
        cover = book.info.cover.data if book.info.cover is not None else None
        items = book_items(book, self._reader(request, body))
        return await self._begin(request, body, items, {"book": about(book)}, cover)

    @policy(RouteKind.MANAGE, role=Role.WRITE)
    async def items(
        self,
        request: Request,
        job_id: JobId,
        after: Annotated[int, Query(ge=-1, le=LAST_NUMBER, description="The number to go on behind.")] = -1,
        limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 100,
        state: Annotated[ItemState | None, Query()] = None,
    ) -> ItemList:
        """Its items by number, each with how it ended."""
        batch = await self._batches.require(job_id, principal_of(request).viewer)
        chapters = (batch.options.get("book") or {}).get("chapters", [])
        found = await (await self._batches.store()).items(
            job_id, after=after, most=limit, state=state, with_requests=False
        )
        last = found[-1].number if len(found) == limit else None
        return ItemList(items=[ItemShape.of(item, chapters) for item in found], after=last)

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

    @policy(RouteKind.MANAGE, role=Role.WRITE, action=Action.JOB_PAUSE)
    async def pause(self, request: Request, job_id: JobId) -> JobShape:
        """Begins no item more until it is resumed; one that is being made is begun anew then."""
        return await self._commanded(request, job_id, "pause")

    @policy(RouteKind.MANAGE, role=Role.WRITE, action=Action.JOB_RESUME)
    async def resume(self, request: Request, job_id: JobId) -> JobShape:
        """Goes on, with the limits of the key that resumes it."""
        return await self._commanded(request, job_id, "resume")

    @policy(RouteKind.MANAGE, role=Role.WRITE, action=Action.JOB_RETRY)
    async def retry(self, request: Request, job_id: JobId) -> JobShape:
        """Tries the items that failed once more."""
        await self._submission.require_place(principal_of(request))
        return await self._commanded(request, job_id, "retry")

    async def _commanded(self, request: Request, job_id: str, command: BatchEvent) -> JobShape:
        batch = await self._batches.command(job_id, command, principal_of(request))
        note_audit(request, kind=batch.kind)
        return JobShape.of_batch(batch)

    def _reader(self, request: Request, body: SpeechJobFields) -> ItemReader:
        return ItemReader(body.defaults, listener_of(request.scope).output(), principal_of(request).permission)

    async def _begin(
        self,
        request: Request,
        body: SpeechJobFields,
        items: AsyncGenerator[SpeechItem, None],
        facts: Mapping[str, Any] | None = None,
        cover: bytes | None = None,
    ) -> Response:
        new = NewBatch("speech", body.name, {**body.options, **(facts or {})}, cover)
        batch = await self._submission.submit(new, items, principal_of(request))
        note_audit(request, target=batch.id, kind=batch.kind)
        return accepted(JobShape.of_batch(batch))


async def _blocks(file: UploadFile) -> AsyncGenerator[bytes, None]:
    while block := await file.read(BLOCK_BYTES):
        yield block
