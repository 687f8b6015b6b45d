"""Results of a job of many texts together: a ZIP file, one audiobook, captions beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote

from fastapi import Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from routers.batch_services import BatchServices
from routers.http.answer import collected_answer, stream_answer
from routers.http.binder import WAIT_SECONDS, Bind, TellPart
from routers.http.deferred_route import deferred_router
from routers.http.operation import principal_of
from routers.management.batch_results import BatchResults, ResultFormat
from routers.management.content import StoredContent
from routers.management.jobs import NOT_FOUND, JobId
from stts.access.policy import RouteKind, policy
from stts.access.roles import Role
from stts.audio.formats import FORMATS
from stts.errors import Conflict, NotCompleteYet
from stts.jobs.values import Batch, BatchItem
from stts.settings import CurrentSettings
from stts.storage.batch_files import COVER
from stts.storage.files.records import Checkpoint

if TYPE_CHECKING:
    # Loaded when they are first needed.
    from stts.books.book import BookInfo
    from stts.books.packing import Entry
    from stts.books.parts import Part

READ_AT_ONCE = 200
MEDIA_TYPES = {"m4b": "audio/mp4", "mp3": "audio/mpeg"}
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/zip": {}, "audio/*": {}, "text/plain": {}, "text/vtt": {}}},
    202: {"description": "The book is being bound, and `progress` was asked for: the `part` that is done."},
    409: {"description": "Not all items are done, their texts are not kept, or the book is still being bound."},
    **NOT_FOUND,
}


class PackageRoutes:
    def __init__(self, batches: BatchServices, settings: CurrentSettings) -> None:
        self._batches = batches
        self._results = BatchResults(batches, settings)
        self.router = deferred_router("jobs")
        for name, endpoint in (("archive", self.archive), ("book", self.book), ("captions", self.captions)):
            self.router.add_api_route(
                f"/jobs/{{job_id}}/{name}", endpoint, methods=["GET"], response_class=Response, responses=ANSWERS
            )

    @policy(RouteKind.MANAGE, role=Role.WRITE)
    async def archive(
        self,
        request: Request,
        job_id: JobId,
        format: Annotated[
            ResultFormat | None, Query(description="Of transcripts; default: as they are kept, `verbose_json`.")
        ] = None,
    ) -> Response:
        """All results that are there, as a ZIP file that is sent while it is packed."""
        from stts.books.packing import zipped

        batch = await self._batches.require(job_id, principal_of(request).viewer)
        headers = {"content-type": "application/zip", **_attachment(_title(batch), "zip")}
        return stream_answer(zipped(self._entries(batch, format)), lambda: headers)

    @policy(RouteKind.MANAGE, role=Role.WRITE)
    async def book(
        self,
        request: Request,
        job_id: JobId,
        format: Annotated[Literal["m4b", "mp3"], Query()] = "m4b",
        wait_seconds: Annotated[
            float, Query(ge=0, le=WAIT_SECONDS, description="Longest wait for a book that is being bound.")
        ] = WAIT_SECONDS,
        progress: Annotated[
            bool, Query(description="While it is being bound, 202 with the `part` that is done, in place of 409.")
        ] = False,
    ) -> Response:
        """All texts as one recording, with chapters and cover where they are of a book. Bound when it is first asked
        for; while that lasts, it is 409 `not_complete_yet`, with `Retry-After` and the `part` that is done."""
        batch = await self._batches.require(job_id, principal_of(request).viewer)
        _require_spoken(batch)
        headers = {"cache-control": "no-store", **_attachment(_title(batch), format)}

        async def make() -> Response:
            name = f"book-{batch.sequence}.{format}"
            binding = partial(self._binding, batch, format)
            try:
                path = await self._batches.binder.bound(batch.id, name, binding, wait_seconds)
            except NotCompleteYet as waiting:
                if not progress:
                    raise
                return JSONResponse({"part": waiting.part}, 202)
            return StoredContent(path, media_type=MEDIA_TYPES[format], headers=headers)

        return collected_answer(make, request.scope, request.receive)

    @policy(RouteKind.MANAGE, role=Role.WRITE)
    async def captions(
        self, request: Request, job_id: JobId, format: Annotated[Literal["srt", "vtt"], Query()] = "srt"
    ) -> Response:
        """Captions of the book: its texts, and when each is said. Of jobs that were begun with `captions`, which keeps
        their texts."""
        from stts.books.captions import captions

        batch = await self._batches.require(job_id, principal_of(request).viewer)
        _require_spoken(batch)
        parts = await self._parts(batch)
        if not all(part.text for part in parts):
            raise Conflict("The texts of this job are not kept: begin it with `captions`.")
        language = batch.options.get("book", {}).get("language")
        text = await asyncio.to_thread(lambda: "".join(captions(parts, format, language)))
        return PlainTextResponse(text, media_type="text/vtt" if format == "vtt" else "text/plain")

    async def _binding(self, batch: Batch, format: Literal["m4b", "mp3"]) -> Bind:
        """Prepares its binding, which raises Conflict for a part that is damaged. Raises Conflict."""
        from stts.books.binding import bind
        from stts.books.parts import DamagedPart

        parts = await self._parts(batch)
        info = await asyncio.to_thread(self._info, batch)
        titles = batch.options.get("book", {}).get("chapters", [])

        def make(target: Path, checkpoint: Checkpoint, tell: TellPart) -> None:
            try:
                bind(parts, titles, info, format, target, checkpoint, tell)
            except DamagedPart as error:
                raise Conflict(f"{error}. Cancel the job and begin it anew.") from error

        return make

    def _info(self, batch: Batch) -> BookInfo:
        from stts.books.book import BookInfo, Cover

        book = batch.options.get("book") or {}
        cover, shape = None, book.get("cover")
        if shape is not None:
            data = self._batches.files.kept(batch.id, COVER)
            cover = Cover(data, shape["media_type"], shape["width"], shape["height"]) if data else None
        return BookInfo(_title(batch), book.get("author"), book.get("language"), cover)

    async def _parts(self, batch: Batch) -> list[Part]:
        """Raises Conflict for samples of which nobody knows the rate."""
        from stts.books.parts import Part, RawAudio

        parts: list[Part] = []
        async for item in self._items(batch):
            if (result := item.result) is None:
                continue
            raw = None
            if result.media_type == FORMATS["pcm"].media_type:
                if result.sample_rate is None:
                    raise Conflict("Its results have no header (pcm), and their rate was not kept: speak it anew.")
                raw = RawAudio(result.sample_rate, result.channels)
            path = self._batches.files.path(batch.id, item.digest, result.extension)
            text = (item.request or {}).get("text", "")
            parts.append(Part(path, result.seconds, item.chapter or 0, result.pause, text, raw))
        return parts

    async def _entries(self, batch: Batch, format: ResultFormat | None) -> AsyncGenerator[Entry, None]:
        async for item in self._items(batch):
            if item.result is not None:
                yield await self._results.entry(batch, item, item.result, format)

    async def _items(self, batch: Batch) -> AsyncGenerator[BatchItem, None]:
        """Those that are done, by number."""
        store, after = await self._batches.store(), -1
        while found := await store.items(batch.id, after=after, most=READ_AT_ONCE, state="done"):
            for item in found:
                yield item
            after = found[-1].number


def _require_spoken(batch: Batch) -> None:
    """Raises Conflict where not all items are done."""
    if batch.kind != "speech" or batch.done < batch.total:
        raise Conflict(f"{batch.total - batch.done} of {batch.total} texts of this job have not been spoken.")


def _title(batch: Batch) -> str:
    return str((batch.options.get("book") or {}).get("title") or batch.name or "Job")


def _attachment(title: str, extension: str) -> dict[str, str]:
    from stts.books.packing import file_name

    name = quote(f"{file_name(title) or 'Job'}.{extension}", safe="")
    return {"content-disposition": f"attachment; filename*=utf-8''{name}"}
