"""Results of batches, one by one: audio as it was made, transcripts in every format."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fastapi import Response

from routers.batch_services import BatchServices
from routers.core.stt import transcript_response
from routers.http.transcripts import cue_rules
from routers.management.content import StoredContent
from stts.errors import Conflict, NotCompleteYet, NotFound
from stts.jobs.values import Batch, BatchItem, ItemResult
from stts.settings import CurrentSettings
from stts.transcription import Segment, TranscriptionResult, Word

if TYPE_CHECKING:
    # Loaded when it is first needed.
    from stts.books.packing import Entry

ResultFormat = Literal["json", "verbose_json", "text", "srt", "vtt"]
EXTENSIONS: dict[ResultFormat, str] = {
    "json": ".json",
    "verbose_json": ".json",
    "text": ".txt",
    "srt": ".srt",
    "vtt": ".vtt",
}
NO_ITEM = "There is no such item in this job."


class BatchResults:
    def __init__(self, batches: BatchServices, settings: CurrentSettings) -> None:
        self._batches = batches
        self._settings = settings

    async def one(self, batch: Batch, number: int, format: ResultFormat) -> Response:
        """Raises NotFound; Conflict for an item that has no result, with the reason."""
        item, result = await self._done(batch, number)
        path = self._batches.files.path(batch.id, item.digest, result.extension)
        if batch.kind == "speech":
            headers = {"cache-control": "no-store", "etag": f'"{item.digest}"'}
            return StoredContent(path, media_type=result.media_type, headers=headers)
        return await self._written(path, format)

    async def entry(self, batch: Batch, item: BatchItem, result: ItemResult, format: ResultFormat | None) -> Entry:
        """The result as a file of an archive, a transcript in this format; None: as it is kept. Raises NotFound where
        a transcript is gone."""
        from stts.books.packing import Entry, file_name

        path = self._batches.files.path(batch.id, item.digest, result.extension)
        source: Path | bytes = path
        extension = result.extension
        if format is not None and batch.kind == "transcription":
            source = bytes((await self._written(path, format)).body)
            extension = EXTENSIONS[format]
        name = " ".join(filter(None, (f"{item.number:06}", file_name(item.name or ""))))
        return Entry(f"{name}{extension}", source, batch.created_at)

    async def _written(self, path: Path, format: ResultFormat) -> Response:
        return await transcript_response(await _transcript(path), format, cue_rules(self._settings().stt))

    async def _done(self, batch: Batch, number: int) -> tuple[BatchItem, ItemResult]:
        items = await (await self._batches.store()).items(batch.id, after=number - 1, most=1, with_requests=False)
        if not items or items[0].number != number:
            raise NotFound(NO_ITEM, param="number")
        item = items[0]
        if item.error is not None:
            raise Conflict(f"This item failed ({item.error.code}): {item.error.message}")
        if item.result is None:
            raise NotCompleteYet("This item has not been done yet.", retry_after=1.0)
        return item, item.result


async def _transcript(path: Path) -> TranscriptionResult:
    """Raises NotFound where the result is gone."""
    try:
        stored: dict[str, Any] = json.loads(await asyncio.to_thread(path.read_bytes))
    except FileNotFoundError as error:
        raise NotFound(NO_ITEM, param="number") from error
    return TranscriptionResult(
        stored["text"],
        stored["duration"],
        stored["language"],
        tuple(_segment(each) for each in stored["segments"]),
        tuple(stored["warnings"]),
    )


def _segment(stored: dict[str, Any]) -> Segment:
    words = tuple(Word(**each) for each in stored["words"])
    return Segment(**stored | {"words": words, "tokens": tuple(stored["tokens"])})
