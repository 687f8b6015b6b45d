"""How jobs are shown, and the answer of a route that starts one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from adapters.jobs import Job, JobStatus
from stts.jobs.values import Batch, BatchItem, ItemState


class JobError(BaseModel):
    code: str = Field(description="Machine-readable and stable.")
    detail: str = Field(description="What went wrong, for people.")


class ItemCounts(BaseModel):
    total: int
    waiting: int
    done: int
    failed: int


class JobShape(BaseModel):
    id: str
    kind: str = Field(description="The kind of work: `pull`, `install`, `speech`, `transcription`.")
    subject: str = Field(description="What is worked on, by name.")
    state: Literal["running", "paused", "done", "failed", "cancelled"]
    step: str | None = Field(None, description="What is going on.")
    part: float | None = Field(None, description="0..1, of the step or of all items; null: unknown.")
    bytes_done: int | None = None
    bytes_total: int | None = None
    error: JobError | None = Field(None, description="Why it failed, or why it rests.")
    started: float = Field(description="Unix time.")
    ended: float | None = Field(None, description="Unix time.")
    owner: str | None = Field(None, description="The user who had it done; null: the server.")
    items: ItemCounts | None = Field(None, description="Of jobs of many items.")
    audio_seconds: float | None = Field(None, description="Audio made or heard so far.")
    remaining_seconds: float | None = Field(None, description="At the pace of the last minutes; null: unknown.")
    resumes_at: float | None = Field(None, description="Unix time at which a job that rests tries again by itself.")
    captions: bool | None = Field(None, description="Of jobs that speak: its texts are kept, for captions.")
    sequence: int | None = Field(None, description="Number of the last change, after which events go on.")

    @classmethod
    def of(cls, job: JobStatus) -> JobShape:
        progress, error = job.progress, job.error
        return cls(
            id=job.id,
            kind=job.kind,
            subject=job.subject,
            state=job.state,
            step=progress.step,
            part=None if progress.part is None else round(progress.part, 4),
            bytes_done=progress.bytes_done,
            bytes_total=progress.bytes_total,
            error=None if error is None else JobError(code=error.code, detail=error.message),
            started=job.started,
            ended=job.ended,
            owner=job.owner,
        )

    @classmethod
    def of_batch(cls, batch: Batch) -> JobShape:
        assert batch.state != "draft"
        remaining, reason = batch.remaining_seconds, batch.reason
        return cls(
            id=batch.id,
            kind=batch.kind,
            subject=batch.name,
            state=batch.state,
            part=round(batch.size_ended / batch.size, 4) if batch.size else None,
            error=None if reason is None else JobError(code=reason.code, detail=reason.message),
            started=batch.created_at,
            ended=batch.ended_at,
            owner=batch.owner,
            items=ItemCounts(total=batch.total, waiting=batch.waiting, done=batch.done, failed=batch.failed),
            audio_seconds=round(batch.seconds, 3),
            remaining_seconds=None if remaining is None else round(remaining, 1),
            resumes_at=batch.resume_at,
            captions=bool(batch.options.get("keeps_texts")) if batch.kind == "speech" else None,
            sequence=batch.sequence,
        )


class ItemShape(BaseModel):
    number: int = Field(description="From 0.")
    name: str | None = Field(None, description="The client's own word for it.")
    chapter: int | None = Field(None, description="Of a book, from 0.")
    chapter_title: str | None = None
    state: ItemState
    error: JobError | None = None
    media_type: str | None = None
    bytes: int | None = None
    seconds: float | None = Field(None, description="Audio made or heard.")
    engine: str | None = None
    voice: str | None = None
    language: str | None = None
    warnings: list[str] = []

    @classmethod
    def of(cls, item: BatchItem, chapters: Sequence[str] = ()) -> ItemShape:
        """`chapters`: the titles of a book's."""
        shape = cls(number=item.number, name=item.name, chapter=item.chapter, state=item.state)
        if item.chapter is not None and item.chapter < len(chapters):
            shape.chapter_title = chapters[item.chapter]
        if item.error is not None:
            shape.error = JobError(code=item.error.code, detail=item.error.message)
        if (result := item.result) is not None:
            shape.media_type, shape.bytes, shape.seconds = result.media_type, result.bytes, result.seconds
            shape.engine, shape.voice, shape.language = result.engine, result.voice, result.language
            shape.warnings = list(result.warnings)
        return shape


STARTED: dict[int | str, dict[str, Any]] = {
    202: {"description": "It runs; `Location` is the job.", "model": JobShape},
    503: {"description": "Too many jobs wait."},
}
"""Answers of a route that starts a job, for the OpenAPI document."""


def started(job: Job) -> JSONResponse:
    return accepted(JobShape.of(job.status()))


def accepted(shape: JobShape) -> JSONResponse:
    """The answer of a route that has started a job."""
    return JSONResponse(shape.model_dump(mode="json"), status_code=202, headers={"location": f"/jobs/{shape.id}"})
