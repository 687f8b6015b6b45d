"""Delivers spans to an OpenTelemetry receiver: OTLP over HTTP, in batches, from a thread of its own.

A receiver that is slow or away costs requests nothing: spans wait in a bounded queue, what does not fit in is counted
and lost, and the log says so once a minute.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

import structlog

from stts.telemetry.encoding import export_request, span_field
from stts.telemetry.parts import Value
from stts.telemetry.spans import FinishedSpan

QUEUE = 16_384
"""Spans that may wait: some MB."""
BATCH = 1024
"""Spans in one request."""
DELAY_SECONDS = 2.0
"""Longest wait of a span that is not part of a full batch."""
TIMEOUT_SECONDS = 5.0
"""For one request; a receiver that takes longer counts as away."""
PAUSE_SECONDS = 5.0
"""After a receiver that is away, until it is asked again."""
FLUSH_SECONDS = 3.0
"""For what waits when the server stops."""
LOG_SECONDS = 60.0
PATH = "/v1/traces"
SCOPE = "stts"
SLICE = 64
SLICE_PAUSE_SECONDS = 0.0002
"""Spans that are encoded at once, and the pause after them."""
TEMPORARY = frozenset({408, 429, 502, 503, 504})
"""Statuses after which the same spans are sent again."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


class SpanDelivery:
    """Call it with each span that has ended, on any thread; `close()` it once."""

    def __init__(self, endpoint: str, headers: Mapping[str, str], resource: Mapping[str, Value]) -> None:
        """`endpoint`: http:// or https:// address of the receiver, without `v1/traces`. `resource`: attributes of this
        server."""
        address = urlsplit(endpoint)
        make = HTTPSConnection if address.scheme == "https" else HTTPConnection
        self._connection = make(address.hostname or "", address.port, timeout=TIMEOUT_SECONDS)
        self._path = address.path.rstrip("/") + PATH
        self._headers = {"content-type": "application/x-protobuf", **headers}
        self._resource = resource
        self._waiting: deque[FinishedSpan] = deque()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._lost = 0
        self._reported: float | None = None
        self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)
        self._thread.start()

    def __call__(self, span: FinishedSpan) -> None:
        if len(self._waiting) >= QUEUE:
            self._lost += 1
            return
        self._waiting.append(span)
        if len(self._waiting) >= BATCH and not self._wake.is_set():
            self._wake.set()

    def close(self) -> None:
        """Delivers what waits, for `FLUSH_SECONDS` at most; the rest is lost."""
        self._stop.set()
        self._wake.set()
        self._thread.join(FLUSH_SECONDS)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(DELAY_SECONDS)
            self._wake.clear()
            if not self._deliver_waiting():
                self._stop.wait(PAUSE_SECONDS)
        self._deliver_waiting()
        if self._waiting:
            self._lost += len(self._waiting)
            self._reported = None
            self._report("the server has stopped")
        self._connection.close()

    def _deliver_waiting(self) -> bool:
        """False: the receiver is away, and what it did not take waits."""
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            status = self._post(self._encoded(batch))
            if status is None or status in TEMPORARY:
                self._waiting.extendleft(reversed(batch))
                self._report("no answer" if status is None else f"status {status}")
                return False
            if not 200 <= status < 300:
                self._lost += len(batch)
                self._report(f"status {status}")
            elif self._lost:
                self._report("the queue was full")
        return True

    def _encoded(self, batch: list[FinishedSpan]) -> bytes:
        fields = []
        for number, span in enumerate(batch):
            fields.append(span_field(span))
            if number % SLICE == SLICE - 1:
                # Lets requests go on: without it they would wait for this thread until the interpreter makes it.
                time.sleep(SLICE_PAUSE_SECONDS)
        return export_request(fields, self._resource, SCOPE)

    def _post(self, body: bytes) -> int | None:
        """The status of the answer; None where there was none."""
        kept_open = self._connection.sock is not None
        status = self._ask(body)
        # What was kept open may have been closed over there, which says nothing of whether somebody is there.
        return self._ask(body) if status is None and kept_open else status

    def _ask(self, body: bytes) -> int | None:
        try:
            self._connection.request("POST", self._path, body, self._headers)
            response = self._connection.getresponse()
            response.read()
        except (OSError, HTTPException):
            # The next request opens it again.
            self._connection.close()
            return None
        return response.status

    def _report(self, reason: str) -> None:
        """Says in one line a minute that the receiver is away, or what was lost."""
        now = time.monotonic()
        if self._reported is None or now >= self._reported + LOG_SECONDS:
            self._reported = now
            lost, self._lost = self._lost, 0
            log.warning("telemetry_not_delivered", spans_lost=lost, waiting=len(self._waiting), reason=reason)
