"""Repeats: a request that is, byte for byte, one that the cache has answered before is answered without being routed.

It stands around all of the edge and of the routes. What they would do again to the same end is not done again: the
Host, the Origin and the key were judged, the fields were read, the text was cleaned, the voice was chosen. What may
come to another end is asked again for each request: whether the key still opens, the settings are the same, the plan
holds, the answer is still in memory, rates, quotas and places have room. Whatever says no, and whatever is not a plain
request for all of an answer, sends the request the long way, where it is refused, answered or made as any other.

So a class of the edge that is added, and that refuses or counts, is asked here as well.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from middleware.edge.dialect import EdgeDialect, OwnTime
from middleware.edge.rate_limiting import OPENAI_PREFIX, limit_headers
from middleware.edge.request_id import HEADER, request_id_of
from middleware.edge.request_memory import Repeated, RepeatNotes, RequestMemory, digest_of, is_short, lines
from middleware.edge.route_table import REPEAT, local_path, route_match
from middleware.listener import NO_RATES, ListenerSettings
from middleware.serving.extensions import WHOLE, WholeExchange
from middleware.stages.timing import whole_timing
from middleware.stages.whole import WholeAnswers
from stts.access.directory import KeyDirectory
from stts.access.limits import UNLIMITED, Rate
from stts.access.principal import VISITOR, Principal
from stts.access.rates import RateLimiter
from stts.access.remainders import Remainders
from stts.cache.store import HOUR, CacheStore
from stts.cache.stored import Stored
from stts.context import Priority, RequestContext
from stts.errors import STTSError
from stts.plans import SpeechPlan
from stts.settings import CurrentSettings

READS = frozenset({"GET", "HEAD", "OPTIONS"})
_PLACES = count()
RATES = frozenset({b"ratelimit", b"ratelimit-policy"})
RATES_PREFIX = b"x-ratelimit-"
"""Headers that tell what is left of rates, and are made for each answer."""


class Plans(Protocol):
    """Says whether plans still hold."""

    @property
    def weights_changes(self) -> int: ...

    def lasts(self, plan: SpeechPlan) -> bool: ...

    async def holds(self, plan: SpeechPlan, priority: Priority, text: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Repeating:
    """All that answers a request again."""

    memory: RequestMemory
    store: CacheStore
    plans: Plans
    whole: WholeAnswers
    rates: RateLimiter
    directory: KeyDirectory | None
    settings: CurrentSettings


class Repeats:
    """The outermost class of a listener. Only there where no traces are kept, and where this server counts alone."""

    def __init__(self, app: ASGIApp, listener: ListenerSettings, parts: Repeating, remainders: Remainders) -> None:
        self.app = app
        self._listener = listener
        self._parts = parts
        self._memory = parts.memory
        self._remainders = remainders
        # A listener that takes the place of another of its name may have another key: it repeats nothing of that one.
        self._place = f"{listener.name} {next(_PLACES)}"

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Not a coroutine itself: its frame would stay for as long as a socket is open."""
        return (self._request if scope["type"] == "http" else self.app)(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange: WholeExchange | None = (scope.get("extensions") or {}).get(WHOLE)
        if exchange is not None and exchange.body is None and is_short(scope):
            await exchange.rest()
        digest = digest_of(scope, self._place, exchange.body if exchange is not None else _no_body(scope))
        known = self._memory.get(digest) if digest is not None else None
        if known is not None:
            with suppress(STTSError):
                # Whatever it is refused with, the long way tells.
                if await self._is_answered(known, scope, exchange, send):
                    return
        notes = scope.setdefault("state", {})[REPEAT] = RepeatNotes()
        watch = _Watch(self, scope, send, notes, digest)
        await self.app(scope, receive, watch.send)

    async def _is_answered(self, known: Repeated, scope: Scope, exchange: WholeExchange | None, send: Send) -> bool:
        parts = self._parts
        if known.settings is not parts.settings() or known.weights_changes != parts.plans.weights_changes:
            return False
        principal = known.context.principal
        if not self._opens(principal) or not await parts.plans.holds(known.plan, known.context.priority, known.text):
            return False
        entry = parts.store.in_memory(known.key)
        if entry is None or entry.about.get("etag") != known.etag:
            return False
        age, hours = entry.age(parts.store.now), self._listener.cache_hours()
        if (hours is not None and age >= hours * HOUR) or self._listener.rates() != NO_RATES:
            return False
        context = known.begun(request_id_of(scope), age)
        limits = parts.rates.limits_of(principal, context.input_data.network)
        rates: Sequence[Rate] = () if limits is UNLIMITED else limits.rates.get(known.role, ())
        states = await parts.whole.count(context, known.request, len(entry.data), rates)
        self._memory.answered += 1
        headers = [(name, make(context).encode()) for name, make in known.own_time]
        if limits is not UNLIMITED:
            headers += limit_headers(states, self._remainders, limits.amounts, is_openai=known.is_openai)
        if exchange is None or not exchange.answer(known.head + lines(headers), entry.data):
            await send({"type": "http.response.start", "status": 200, "headers": [*known.headers, *headers]})
            await send({"type": "http.response.body", "body": entry.data, "more_body": False})
        return True

    def _opens(self, principal: Principal) -> bool:
        """True if whoever was admitted would be admitted again."""
        if principal.key is None:
            # Whoever else there is holds a key of the listener, which is the same as long as the settings are.
            return principal is not VISITOR
        return self._parts.directory is not None and self._parts.directory.still_opens(principal)

    def take(self, digest: bytes, scope: Scope, notes: RepeatNotes, headers: list[tuple[bytes, bytes]]) -> None:
        """Remembers a request that was answered, with the very bytes of what was kept."""
        context, request, key = notes.context, notes.request, notes.key
        assert context is not None and request is not None and key is not None
        note, parts = context.output_data.cache, self._parts
        plan, text = request.plan, request.text
        if note is None or context.parent is not None or context.output_data.file_id is not None:
            return
        if plan is None or not isinstance(text, str) or not parts.plans.lasts(plan):
            return
        if context.output_data.fallback is not None or "realtime_session" in scope["state"]:
            return
        told = tuple((name.lower(), value) for name, value in headers)
        makers = _own_time(route_match(scope).dialect)
        own_time = tuple((name, makers[name]) for name, _ in told if name in makers)
        same = tuple(item for item in told if item[0] not in makers and not _is_of_rates(item[0]))
        if context.request_id.encode() in (value for _, value in same):
            # A header that tells this request's id, and that no dialect names, would tell it to the next one.
            return
        self._memory.put(
            digest,
            lambda until: Repeated(
                key,
                note.etag,
                same,
                lines(same),
                request,
                plan,
                text,
                context,
                own_time,
                route_match(scope).policy.role,
                local_path(scope).startswith(OPENAI_PREFIX),
                parts.settings(),
                parts.plans.weights_changes,
                until,
            ),
        )

    def entry(self, key: str) -> Stored | None:
        return self._parts.store.in_memory(key)

    def forget(self) -> None:
        self._memory.forget()


class _Watch:
    """The answer to a request that went the long way."""

    def __init__(self, repeats: Repeats, scope: Scope, send: Send, notes: RepeatNotes, digest: bytes | None) -> None:
        self._repeats = repeats
        self._scope = scope
        self._send = send
        self._notes = notes
        self._digest = digest
        self._headers: list[tuple[bytes, bytes]] = []
        self._entry: Stored | None = None
        """The kept answer, while what is sent is its bytes."""
        self._sent = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._begin(message)
        elif self._entry is not None:
            self._compare(message)
        await self._send(message)

    def _begin(self, message: Message) -> None:
        notes, method = self._notes, self._scope["method"]
        if method not in READS and not notes.operations and not 400 <= message["status"] < 500:
            # It may have changed anything that answers depend on: a voice, a file, a setting of a dialect.
            self._repeats.forget()
        if self._digest is not None and notes.key is not None and notes.operations == 1 and message["status"] == 200:
            self._headers = list(message.get("headers", ()))
            self._entry = self._repeats.entry(notes.key)

    def _compare(self, message: Message) -> None:
        assert self._entry is not None and self._digest is not None
        body = message.get("body", b"")
        until = self._sent + len(body)
        if memoryview(self._entry.data)[self._sent : until] != body:
            self._entry = None
        elif not message.get("more_body", False) and until == len(self._entry.data):
            self._repeats.take(self._digest, self._scope, self._notes, self._headers)
        self._sent = until


def _no_body(scope: Scope) -> bytes | None:
    """The body of a request that has none; None where one is to come."""
    is_announced = any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])
    return None if is_announced else b""


def _is_of_rates(name: bytes) -> bool:
    return name in RATES or name.startswith(RATES_PREFIX)


def _own_time(dialect: EdgeDialect) -> dict[bytes, OwnTime]:
    """Makers of the headers that tell of the own time of each answer, by their names."""
    makers: dict[bytes, OwnTime] = {b"age": _age, b"server-timing": whole_timing, HEADER: _request_id}
    if dialect.request_id_header is not None:
        makers[dialect.request_id_header.encode()] = _request_id
    return makers | {name.encode(): make for name, make in dialect.own_time.items()}


def _age(context: RequestContext) -> str:
    note = context.output_data.cache
    assert note is not None
    return str(int(note.age or 0.0))


def _request_id(context: RequestContext) -> str:
    return context.request_id
