"""The wire shapes of single operations of late. Times in seconds; null: it did not come to that."""

from __future__ import annotations

from pydantic import BaseModel, Field

from stts.analytics.cause import Cause, cause
from stts.analytics.recent import RecentOperation
from stts.analytics.record import NONE, Urgency
from stts.context import CacheState


class Part(BaseModel):
    name: str = Field(
        description="`received` (the request came in), `input` (somebody still spoke or wrote), `load` (an engine was "
        "loaded), `queue` (no place was free), `engine`, `encode`, `held` (it was ready, and waited for the client "
        "to read), `other`."
    )
    seconds: float


class OperationShape(BaseModel):
    """One operation. Parts of a stream go on at the same time: together they may be more than `total`."""

    request_id: str = Field(description="The `X-Request-ID` of its answer; on a socket one of its own.")
    connection_id: str | None = Field(description="On a socket: the id of its connection, which error events name.")
    trace_id: str | None = Field(description="Its trace, where one was recorded.")
    ended: float = Field(description="Unix time.")
    type: str = Field(description="tts, stt, conversation.")
    status: str = Field(description="completed, error, or cancelled: the client left.")
    code: str | None = Field(description="Machine code of its error.")
    route: str | None
    urgency: Urgency = Field(
        description="live (somebody listens or reads along), collected (somebody waits for the whole answer), "
        "background (nobody waits: jobs, batches)."
    )
    listener: str | None
    engine: str | None = Field(description="The engine that did it; null: none was chosen yet.")
    fallback: str | None = Field(description="Code of why another engine did it than the one that comes first.")
    voice: str | None
    language: str | None = Field(description="BCP 47.")
    format: str | None
    key_id: str | None = Field(description="null: no key of its own.")
    characters: int
    audio_seconds: float = Field(description="Audio made or heard.")
    bytes: int = Field(description="Encoded audio sent.")
    cache: CacheState | None = Field(description="null: the cache was not asked.")
    waited: float = Field(
        description="How long somebody waited: until sound or words began, for a whole answer, or behind its playing."
    )
    first_item: float | None = Field(description="Until the first audio or text.")
    total: float | None = Field(description="From when all of the request was there to the end.")
    parts: list[Part] = Field(description="Where the time went, in order; parts that took none are absent.")
    cause: Cause = Field(
        description="Where most of it went: a part; `length` (an engine that keeps up had much to do), `shared` (it "
        "was being made for another), `reply` (a language model wrote), `failed`, `left`, or `quick`: none was slow."
    )
    cause_seconds: float = Field(description="Seconds of that.")

    @classmethod
    def of(cls, operation: RecentOperation) -> OperationShape:
        record = operation.record
        why, seconds = cause(record)
        labels = {name: None if value == NONE else value for name, value in record.labels._asdict().items()}
        parts = record.course.parts(record.total or 0.0)
        return cls(
            request_id=record.request_id,
            connection_id=record.connection_id,
            trace_id=record.trace_id,
            ended=round(operation.ended, 3),
            status=record.status,
            code=record.code,
            route=record.route,
            urgency=record.urgency,
            fallback=record.fallback,
            key_id=record.key_id,
            characters=record.characters,
            audio_seconds=round(record.audio_seconds, 3),
            bytes=record.bytes,
            cache=record.cache,
            waited=round(operation.waited, 4),
            first_item=record.first_item,
            total=record.total,
            parts=[Part(name=name, seconds=round(value, 4)) for name, value in parts.items() if value >= 0.0001],
            cause=why,
            cause_seconds=round(seconds, 4),
            **labels,
        )


class RecentReport(BaseModel):
    operations: list[OperationShape]
    found: int = Field(description="How many there are, of which `limit` are here.")
    keeps: str = Field(description="How many are kept, in words.")
