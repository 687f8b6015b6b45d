"""RequestContext: everything the pipeline knows of one operation, whatever route it came through."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal

from stts.access.allowances import QuotaExceeded
from stts.access.keys import PriorityClass
from stts.access.place_ahead import PlaceAhead
from stts.access.principal import ANONYMOUS, Principal
from stts.access.quota_ahead import QuotaAhead
from stts.errors import STTSError
from stts.speech import AudioFormat, AudioOutput
from stts.streams.hold import Hold
from stts.timings import Timings

if TYPE_CHECKING:
    # Only where traces are recorded.
    from stts.telemetry.spans import Span
    from stts.telemetry.traceparent import RemoteSpan

RequestType = Literal["tts", "stt", "conversation"]
SOCKET = "WS"
"""The method of operations on a WebSocket."""
Status = Literal["processing", "completed", "error", "cancelled"]
CacheUse = Literal["any", "read", "renew", "none"]
"""`read`: nothing new is kept; `renew`: an answer is made anew and kept; `none`: neither looked for nor kept."""
CacheState = Literal["HIT", "MISS", "JOIN"]


class Priority(IntEnum):
    """Priority of an operation at a busy engine; the smaller number goes first."""

    REALTIME = 0
    """Somebody speaks or listens on an open connection."""
    STREAM = 1
    """Somebody listens while it is made."""
    COLLECTED = 2
    """The answer is sent when it is complete."""
    BATCH = 3
    """Nobody waits: everything else goes first."""


def caller_priority(principal: Principal, asked: Priority) -> Priority:
    """The priority of an operation of this caller, whose key may be more or less urgent than others."""
    urgency = principal.key.priority if principal.key is not None else PriorityClass.NORMAL
    if urgency is PriorityClass.BATCH:
        return Priority.BATCH
    return min(asked, Priority.STREAM) if urgency is PriorityClass.INTERACTIVE else asked


def own_status(error: STTSError) -> int:
    """The HTTP status of an error where a dialect has none of its own."""
    return error.status


@dataclass(slots=True)
class RequestFacts:
    """The request as it came in: the route it took, and as much of its content as later stages need."""

    method: str | None = None
    """An HTTP method, or SOCKET; None where it came over another protocol."""
    route: str | None = None
    """The template of its path."""
    network: str = ""
    """The client's network (an IPv4 address, an IPv6 /64), as far as it counts for limits; empty for this machine."""
    characters: int = 0
    """Length of the text to speak; 0 for other operations, and where the text is still being written."""
    format: AudioFormat | None = None
    """The audio format asked for."""
    arrived: float = field(default_factory=time.perf_counter)
    """`time.perf_counter()` seconds."""
    cache: CacheUse = "any"
    """The wish of the client about the cache; `RequestContext.cache_use` says what holds."""
    listener: str | None = None
    """Name of the listener that it came by; None: of the server's own doing."""
    connection: str | None = None
    """The id of the request that opened the socket that it came on, whose operations have ids of their own."""
    cache_hours: float | None = None
    """Age at which speech that is made for it is made anew; None: as the section `cache` says."""
    alias: str | None = None
    """Another system's name for the answer (`stts/cache/aliases.py`)."""
    error_status: Callable[[STTSError], int] = own_status
    """The HTTP status with which the dialect of the route answers an error."""

    def again(self, arrived: float) -> RequestFacts:
        """The same facts of a later request."""
        later = RequestFacts(arrived=arrived)
        for name in _ASKED:
            setattr(later, name, getattr(self, name))
        return later


_ASKED = tuple(name for name in RequestFacts.__slots__ if name != "arrived")


@dataclass(frozen=True, slots=True)
class CacheNote:
    """How the cache has to do with an answer."""

    state: CacheState
    """It was kept, it is made, or it was being made for somebody else already."""
    etag: str
    """Names its bytes; another answer to the same request has another."""
    age: float | None = None
    """Seconds since it was made, where it was kept."""


@dataclass(slots=True)
class Outcome:
    """The result as far as it is known, written before the first item, because headers are made from it."""

    engine: str | None = None
    voice: str | None = None
    language: str | None = None
    """BCP 47."""
    audio: AudioOutput | None = None
    """The encoding of the answer, where it is audio."""
    expected_seconds: float | None = None
    """Seconds that a whole text takes to make, on an engine whose speed is known."""
    silent: bool = False
    """Nothing in the text could be spoken: the answer is a short silence."""
    file_id: str | None = None
    """The stored file that keeps a copy of the answer."""
    fallback: str | None = None
    """Code of why another engine did it than the one that would have been taken first."""
    speaker: str | None = None
    """The engine that speaks, in an exchange, whose `engine` writes the words."""
    cache: CacheNote | None = None
    """None where the cache was not asked."""


def new_request_id() -> str:
    """32 hexadecimal digits. An id names a request and opens nothing: it is drawn without asking the system."""
    return f"{random.getrandbits(128):032x}"


@dataclass(slots=True)
class RequestContext:
    """One per operation. Never holds audio or text."""

    request_type: RequestType
    request_id: str = field(default_factory=new_request_id)
    """Correlation id: from `X-Request-ID`, or made."""
    start_time: float = field(default_factory=time.perf_counter)
    """`time.perf_counter()` seconds."""
    principal: Principal = ANONYMOUS
    parent: RequestContext | None = None
    """The operation that this one is a part of, which is the one that counts."""
    priority: Priority = Priority.STREAM
    input_data: RequestFacts = field(default_factory=RequestFacts)
    output_data: Outcome = field(default_factory=Outcome)
    metrics: Timings = field(default_factory=Timings)
    status: Status = "processing"
    """Written by the pipeline, whichever of its stages ends the operation."""
    error: str | None = None
    """Machine code of what the operation failed with."""
    span: Span | None = None
    """The span that it happens in, its own while it runs. None: no traces are kept, or nothing is around it."""
    link: RemoteSpan | None = None
    """The client's span, for operations that begin traces of their own."""
    warnings: list[str] = field(default_factory=list)
    """Warnings to the client: deviations from the request. Sent once, in a header or in the answer's `warnings`."""
    hold: Hold | None = None
    """Kept while an answer is collected, so that what fails within it is made anew; None: items are sent at once."""
    on_exceeded: Callable[[QuotaExceeded], None] | None = None
    """Called with the quota that refused it, or that it used up; None where nobody ends a session for that."""
    place_ahead: PlaceAhead | None = None
    """Its place among operations at once, where that was asked for already."""
    quota_ahead: QuotaAhead | None = None
    """Its share of quotas, where that was reserved already."""
    on_kept: Callable[[RequestContext, str, Any], None] | None = None
    """Called with the key of the cache and the planned request where the answer is one that was kept."""

    @property
    def unsent(self) -> bool:
        """True if what was given so far has not been sent, and may be taken back."""
        return self.hold is not None and self.hold.kept

    @property
    def cache_use(self) -> CacheUse:
        """The client's wish about the cache; `none` where its key keeps out of it."""
        key = self.principal.key
        return self.input_data.cache if key is None or key.cache else "none"

    def part(self, request_type: RequestType) -> RequestContext:
        """Makes the context of an operation inside this one."""
        own = self.input_data
        facts = RequestFacts(
            own.method, own.route, own.network, cache=own.cache, listener=own.listener, cache_hours=own.cache_hours
        )
        return RequestContext(
            request_type,
            principal=self.principal,
            parent=self,
            priority=self.priority,
            input_data=facts,
            hold=self.hold,
            span=self.span,
        )

    def finish(self, status: Status, error: str | None = None, *, now: float) -> None:
        """Writes how and when the operation ended; `now` by the clock of `start_time`."""
        self.status, self.error = status, error
        self.metrics.total = now - self.start_time

    def warn(self, message: str) -> None:
        """Adds a warning, once. Never quotes what the client sent."""
        if message not in self.warnings:
            self.warnings.append(message)
