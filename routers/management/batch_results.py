"""Results of batches, one by one: audio as it was made, transcripts in every format."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, Literal

from fastapi import Response
from fastapi.responses import JSONResponse

from routers.batch_services import BatchServices
from routers.core.stt_schemas import Transcript, VerboseTranscript
from routers.http.transcripts import cue_rules, written_transcript
from routers.management.content import StoredContent
from stts.errors import Conflict, NotCompleteYet, NotFound
from stts.jobs.values import Batch, BatchItem, ItemResult
from stts.settings import CurrentSettings, Settings
from stts.transcription import Segment, TranscriptionResult, Word

ResultFormat = Literal["json", "verbose_json", "text", "srt", "vtt"]
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
        return await _written(await _transcript(path), format, self._settings())

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


async def _written(result: TranscriptionResult, format: ResultFormat, settings: Settings) -> Response:
    match format:
        case "json":
            return JSONResponse(Transcript.of(result).model_dump())
        case "verbose_json":
            return JSONResponse(VerboseTranscript.of(result).model_dump())
        case "text" | "srt" | "vtt":
            return await written_transcript(result, format, cue_rules(settings.stt))
