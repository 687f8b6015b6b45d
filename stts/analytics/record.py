"""The record of one finished operation, and the interface of whoever keeps records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from stts.analytics.course import NOTHING_MEASURED, Course
from stts.context import CacheState, Priority, RequestContext, RequestType, Status

NONE = "none"
"""The label of a choice that an operation did not come to."""
Urgency = Literal["live", "collected", "background"]
"""Somebody listens or reads along; somebody waits for the whole answer; nobody waits."""
_URGENCIES: Mapping[Priority, Urgency] = {
    Priority.REALTIME: "live",
    Priority.STREAM: "live",
    Priority.COLLECTED: "collected",
    Priority.BATCH: "background",
}


class Labels(NamedTuple):
    """Names from the registry and from the engine's own lists, never a client's words."""

    type: str
    engine: str
    voice: str
    language: str
    format: str
    listener: str = NONE


@dataclass(frozen=True, slots=True)
class OperationRecord:
    """One finished operation. Times in seconds; None: it did not come to that."""

    labels: Labels
    status: Status
    code: str | None = None
    """Machine code of its error."""
    queue: float | None = None
    first_item: float | None = None
    """Until the first audio or text; what a writer took for the text of that is not counted."""
    total: float | None = None
    audio_seconds: float = 0.0
    characters: int = 0
    bytes: int = 0
    fallback: str | None = None
    """Code of why another engine did it than the one that would have been taken first."""
    heard_seconds: float = 0.0
    """Seconds of audio that a conversation heard; `audio_seconds` are those that it spoke."""
    cache: CacheState | None = None
    """How the cache has to do with it; None where it was not asked."""
    key_id: str | None = None
    """The key that it was done with; None for callers without one of their own."""
    user_id: str | None = None
    """The owner of that key."""
    request_id: str = ""
    connection_id: str | None = None
    """That of the request which opened the socket that it came on."""
    trace_id: str | None = None
    """Its trace, where one is recorded."""
    route: str | None = None
    """The template of the path that it came by."""
    urgency: Urgency = "live"
    course: Course = NOTHING_MEASURED

    @property
    def seconds_in(self) -> float:
        """Seconds of audio heard."""
        return self.audio_seconds if self.labels.type == "stt" else self.heard_seconds

    @property
    def seconds_out(self) -> float:
        """Seconds of audio spoken."""
        return 0.0 if self.labels.type == "stt" else self.audio_seconds

    @classmethod
    def of(cls, context: RequestContext) -> OperationRecord:
        known, times, key = context.output_data, context.metrics, context.principal.key
        form = known.audio.format if known.audio is not None else None
        return cls(
            Labels(
                context.request_type,
                known.engine or NONE,
                known.voice or NONE,
                known.language or NONE,
                form or NONE,
                context.input_data.listener or NONE,
            ),
            context.status,
            context.error,
            times.queue,
            times.first_item if times.first_item is None else max(0.0, times.first_item - (times.written or 0.0)),
            times.total,
            times.audio_seconds or 0.0,
            times.characters or 0,
            times.bytes or 0,
            known.fallback,
            times.heard_seconds or 0.0,
            known.cache.state if known.cache is not None else None,
            key.id if key is not None else None,
            key.user_id if key is not None else None,
            context.request_id,
            context.input_data.connection,
            context.span.trace if context.span is not None and context.span.recorded else None,
            context.input_data.route,
            _urgency(context),
            Course.of(context),
        )


def _urgency(context: RequestContext) -> Urgency:
    urgency = _URGENCIES[context.priority]
    # Nothing of an answer that is still held was sent before all of it was there, as of a transcript in one piece.
    return "collected" if urgency == "live" and context.hold is not None and context.hold.kept else urgency


class RecordWriter(Protocol):
    """Keeps records of operations: metrics, a history, the usage of a key. Both methods return at once."""

    def operation_started(self, request_type: RequestType) -> None:
        """An operation has begun; `operation_finished` follows, whatever becomes of it."""
        ...

    def operation_finished(self, record: OperationRecord) -> None:
        """An operation has ended, by itself or because its client left."""
        ...
