"""A real OpenTelemetry receiver of the tests' own: OTLP over HTTP on a free loopback port, read by its own messages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.patient import PATIENCE


@dataclass(slots=True)
class Received:
    """One span. Times in seconds since 1970."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    began: float
    ended: float
    kind: int
    failed: bool
    attributes: dict[str, Any]
    events: dict[str, float]
    """Name -> time."""
    links: list[str] = field(default_factory=list)
    """Trace ids."""


class Receiver:
    def __init__(self) -> None:
        self.spans: list[Received] = []
        self.resources: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.requests = 0
        self.status = 200
        """Status of its answers; with another than 200 it keeps nothing."""
        self.hangs_up = False
        """It closes each connection after its answer, without saying so."""
        self.delay_seconds = 0.0
        """It keeps what it gets at once, and answers so much later."""
        self.answer = b""
        """Body of its answers."""
        self.endless = False
        """Its answers go on for ever."""
        self.open = threading.Event()
        """While it is cleared, no request is answered."""
        self.open.set()
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator[Receiver]:
        thread = threading.Thread(target=self._server.serve_forever, name="receiver", kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self.open.set()
            self._server.shutdown()
            thread.join(PATIENCE)
            self._server.server_close()

    def wait(self, enough: Callable[[list[Received]], bool]) -> list[Received]:
        """All spans, when there are enough."""
        with self._changed:
            assert self._changed.wait_for(lambda: enough(self.spans), PATIENCE), [span.name for span in self.spans]
            return [*self.spans]

    def asked(self, times: int) -> None:
        """Waits until so many requests have come."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.requests >= times, PATIENCE), self.requests

    def named(self, *names: str) -> list[Received]:
        """All spans, when there is one at least of each name."""
        return self.wait(lambda spans: {*names} <= {span.name for span in spans})

    def _take(self, body: bytes, headers: dict[str, str]) -> int:
        with self._changed:
            self.requests += 1
            self.headers.append(headers)
            if self.status == 200:
                self.bodies.append(body)
                message = ExportTraceServiceRequest.FromString(body)
                for resource in message.resource_spans:
                    self.resources.append(_values(resource.resource.attributes))
                    for scope in resource.scope_spans:
                        self.spans += map(_read, scope.spans)
            self._changed.notify_all()
            return self.status

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.open.wait(PATIENCE)
                assert self.path == "/v1/traces"
                status = receiver._take(body, {name.lower(): value for name, value in self.headers.items()})
                threading.Event().wait(receiver.delay_seconds)
                self.close_connection = receiver.hangs_up
                with suppress(ConnectionError):
                    self._answer(status)

            def _answer(self, status: int) -> None:
                self.send_response(status)
                if not receiver.endless:
                    self.send_header("content-length", str(len(receiver.answer)))
                self.end_headers()
                self.wfile.write(receiver.answer)
                while receiver.endless:
                    self.wfile.write(bytes(65_536))

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler


@contextmanager
def receiving() -> Iterator[Receiver]:
    with Receiver().running() as receiver:
        yield receiver


def inside(spans: list[Received], parent: Received) -> list[Received]:
    """The children of a span, in the order in which they began."""
    children = (span for span in spans if span.trace_id == parent.trace_id and span.parent_id == parent.span_id)
    return sorted(children, key=lambda span: span.began)


def check_nested(spans: list[Received]) -> None:
    """Each span was sent once, ends after it began, and lies inside its parent, or behind it where it says so."""
    known = {span.span_id: span for span in spans}
    assert len(known) == len(spans), sorted(span.name for span in spans)
    for span in spans:
        assert span.began <= span.ended, span
        if parent := known.get(span.parent_id):
            assert parent.trace_id == span.trace_id
            if span.attributes.get("stts.late"):
                assert parent.ended <= span.began, (parent, span)
            else:
                assert parent.began <= span.began <= span.ended <= parent.ended, (parent, span)


def _read(span: Any) -> Received:
    return Received(
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.start_time_unix_nano / 1e9,
        span.end_time_unix_nano / 1e9,
        span.kind,
        span.status.code == 2,
        _values(span.attributes),
        {event.name: event.time_unix_nano / 1e9 for event in span.events},
        [link.trace_id.hex() for link in span.links],
    )


def _values(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}
