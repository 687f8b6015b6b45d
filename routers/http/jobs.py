"""How jobs are shown, and the answer of a route that starts one."""

from __future__ import annotations

from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from adapters.jobs import Job, JobState, JobStatus


class JobError(BaseModel):
    code: str = Field(description="Machine-readable and stable.")
    detail: str = Field(description="What went wrong, for people.")


class JobShape(BaseModel):
    id: str
    kind: str = Field(description="The kind of work, such as `pull`.")
    subject: str = Field(description="What is worked on, by name.")
    state: JobState
    step: str | None = Field(None, description="What is going on.")
    part: float | None = Field(None, description="0..1, of the step; null: unknown.")
    bytes_done: int | None = None
    bytes_total: int | None = None
    error: JobError | None = Field(None, description="Why it failed.")
    started: float = Field(description="Unix time.")
    ended: float | None = Field(None, description="Unix time.")
    owner: str | None = Field(None, description="The user who had it done; null: the server.")

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


STARTED: dict[int | str, dict[str, Any]] = {
    202: {"description": "It runs; `Location` is the job.", "model": JobShape},
    503: {"description": "Too many jobs wait."},
}
"""Answers of a route that starts a job, for the OpenAPI document."""


def started(job: Job) -> JSONResponse:
    shape = JobShape.of(job.status())
    return JSONResponse(shape.model_dump(mode="json"), status_code=202, headers={"location": f"/jobs/{job.id}"})
