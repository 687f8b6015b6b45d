"""Tracing: a span for each request that speaks, listens or converses, in the trace of its client where it names one.

Only there where traces are kept. A socket gets none, for it lasts as long as its client likes: each of its operations
and turns is a trace of its own, which links to the client's span.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, reset_contextvars

from middleware.edge.route_table import SPAN, SPAN_LINK, route_match, route_name
from stts.access.policy import RouteKind
from stts.telemetry import names
from stts.telemetry.spans import Span
from stts.telemetry.traceparent import RemoteSpan, read_traceparent
from stts.telemetry.tracer import Tracer

HEADER = b"traceparent"
UNTOLD = frozenset({401, 403, 404, 405})
"""Statuses of what leads nowhere or is nobody's: whoever looks for holes in a server asks for paths by the thousand."""


class Tracing:
    """A request that did nothing but answer, as lists do, leaves no trace, nor does one without the right to
    ask; one that is wrong or too much does."""

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self.app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        state = scope.setdefault("state", {})
        if scope["type"] == "websocket":
            state[SPAN_LINK] = _of_client(scope)
        if not _is_traced(scope):
            await self.app(scope, receive, send)
            return
        span = state[SPAN] = self._tracer.begin(route_name(scope), parent=_of_client(scope), serves=True)
        if not span.recorded:
            await self.app(scope, receive, send)
            return
        answer = _Answer(send)
        bound = bind_contextvars(trace_id=span.trace)
        try:
            await self.app(scope, receive, answer.send)
        finally:
            reset_contextvars(**bound)
            _end(span, scope, answer)


def _is_traced(scope: Scope) -> bool:
    return scope["type"] == "http" and route_match(scope).policy.kind is RouteKind.USE and scope["method"] != "OPTIONS"


class _Answer:
    def __init__(self, send: Send) -> None:
        self._send = send
        self.status: int | None = None
        self.complete = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)
        self.complete = message["type"] == "http.response.body" and not message.get("more_body", False)


def _end(span: Span, scope: Scope, answer: _Answer) -> None:
    span.tell(
        {
            names.METHOD: scope["method"],
            names.ROUTE: route_match(scope).path,
            names.REQUEST_ID: scope["state"].get("request_id"),
            names.STATUS: answer.status,
        }
    )
    if not answer.complete:
        span.set(names.OUTCOME, "cancelled")
    elif answer.status is not None and (answer.status < 400 or answer.status in UNTOLD):
        span.drop()
    span.end(failed=answer.status is not None and answer.status >= 500)


def _of_client(scope: Scope) -> RemoteSpan | None:
    named = [value for name, value in scope["headers"] if name == HEADER]
    # With two of them nobody knows which one is right.
    return read_traceparent(named[0].decode("latin-1")) if len(named) == 1 else None
