"""Requests that the cache has answered, remembered for those that are the same byte for byte.

What is kept of one is a digest, the head of its answer and the planned operation; never its key nor its body.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from marshal import dumps
from typing import Any, cast

from starlette.types import Scope

from middleware.edge.dialect import OwnTime
from stts.access.roles import Role
from stts.context import CacheNote, Outcome, RequestContext
from stts.plans import SpeechPlan, SpeechRequest
from stts.settings import Settings
from stts.timings import Timings

MOST_REQUESTS = 2000
MOST_CHARACTERS = 4_000_000
"""Texts of all of them together."""
MOST_BODY_BYTES = 32_000
REMEMBERED_SECONDS = 5.0
"""As long as plans are: what somebody else changes on the disk is seen within this time."""
METHODS = frozenset({"GET", "POST"})
IDS = frozenset({b"x-request-id", b"traceparent", b"tracestate"})
"""Headers that name a request and change nothing of its answer."""
CONDITIONS = frozenset(
    {b"range", b"if-range", b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since"}
)
"""Headers of requests for a part, or for nothing where it is known."""
FORM_VERSION = 2
"""The version of `marshal` in which equal values have equal bytes."""
_SECRET = secrets.token_bytes(32)


@dataclass(frozen=True, slots=True)
class Repeated:
    """A request that was answered with what the cache had in memory."""

    key: str
    """The key of the cache."""
    etag: str
    headers: tuple[tuple[bytes, bytes], ...]
    """Those of its answer that are the same each time."""
    head: bytes
    """The same as lines."""
    request: SpeechRequest
    plan: SpeechPlan
    text: str
    context: RequestContext
    """The context of one of them, as it ended."""
    own_time: tuple[tuple[bytes, OwnTime], ...]
    """Headers that tell of the time of each answer, as far as its dialect has them, and what makes them."""
    role: Role
    """The role that its route needs."""
    is_openai: bool
    settings: Settings
    weights_changes: int
    until: float = 0.0
    """Monotonic seconds; 0 where nobody knows yet whether two answers are alike."""

    def is_alike(self, other: Repeated) -> bool:
        """True if both were answered alike, as far as the answers do not tell of their own time."""
        return (self.etag, self.headers, self.key) == (other.etag, other.headers, other.key)

    def begun(self, request_id: str, age: float) -> RequestContext:
        """The context of an operation that is done again now, for a caller like this one."""
        before, known = self.context, self.context.output_data
        now = time.perf_counter()
        times = before.metrics
        return RequestContext(
            before.request_type,
            request_id,
            now,
            before.principal,
            priority=before.priority,
            input_data=before.input_data.again(now),
            output_data=Outcome(
                known.engine,
                known.voice,
                known.language,
                known.audio,
                known.expected_seconds,
                cache=CacheNote("HIT", self.etag, age),
            ),
            metrics=Timings(audio_seconds=times.audio_seconds, characters=times.characters),
            warnings=[*before.warnings],
        )


class RequestMemory:
    """One for the process. The least recently used go first."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._requests: OrderedDict[bytes, Repeated] = OrderedDict()
        self._characters = 0
        self.answered = 0
        """Requests that were answered by it."""

    def get(self, digest: bytes) -> Repeated | None:
        """The request that may be answered again, if its grounds still hold."""
        found = self._requests.get(digest)
        if found is None or self._clock() >= found.until:
            return None
        self._requests.move_to_end(digest)
        return found

    def put(self, digest: bytes, found: Callable[[float], Repeated]) -> None:
        """Takes a request that was routed and answered. It is answered from here when the one before was alike."""
        repeated, before = found(self._clock() + REMEMBERED_SECONDS), self._requests.get(digest)
        if before is None or not before.is_alike(repeated):
            repeated = found(0.0)
        self._drop(digest)
        self._requests[digest] = repeated
        self._characters += _characters(repeated)
        while len(self._requests) > MOST_REQUESTS or self._characters > MOST_CHARACTERS:
            self._drop(next(iter(self._requests)))

    def forget(self) -> None:
        """Forgets all of them, because something was changed that answers may depend on."""
        self._requests.clear()
        self._characters = 0

    def __len__(self) -> int:
        return len(self._requests)

    def _drop(self, digest: bytes) -> None:
        if (gone := self._requests.pop(digest, None)) is not None:
            self._characters -= _characters(gone)


def is_short(scope: Scope) -> bool:
    """True if the body that is announced may be one of a request that is remembered."""
    if scope["method"] not in METHODS:
        return False
    return any(
        name == b"content-length" and value.isdigit() and int(value) <= MOST_BODY_BYTES
        for name, value in scope["headers"]
    )


def digest_of(scope: Scope, listener: str, body: bytes | None) -> bytes | None:
    """Names a request by all that decides about its answer; None for one that is not remembered."""
    if body is None or len(body) > MOST_BODY_BYTES or scope["method"] not in METHODS:
        return None
    headers: list[Any] = []
    for header in scope["headers"]:
        name = header[0]
        if name in CONDITIONS or name == b"cache-control":
            return None
        if name not in IDS:
            headers.append(header)
    client = scope.get("client")
    where = (listener, client and client[0], scope.get("scheme"), scope["method"], scope.get("root_path"))
    parts = (*where, scope["path"], scope["query_string"], headers, body)
    # Nothing that is kept tells the key of the client.
    return hashlib.blake2b(dumps(parts, FORM_VERSION), digest_size=32, key=_SECRET).digest()


class RepeatNotes:
    """Notes of one request on its way, by those who answer it."""

    __slots__ = ("context", "key", "operations", "request")

    def __init__(self) -> None:
        self.operations = 0
        """Operations that it began."""
        self.key: str | None = None
        self.request: SpeechRequest | None = None
        self.context: RequestContext | None = None

    def operation(self) -> Callable[[RequestContext, str, Any], None]:
        """Notes that an operation begins, and gives what is called where its answer was kept."""
        self.operations += 1
        return self._kept

    def _kept(self, context: RequestContext, key: str, request: object) -> None:
        self.context, self.key, self.request = context, key, cast(SpeechRequest, request)


def lines(headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Headers as they are sent."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])


def _characters(repeated: Repeated) -> int:
    return len(repeated.text)
