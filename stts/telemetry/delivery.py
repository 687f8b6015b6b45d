"""Delivers spans to an OpenTelemetry receiver: OTLP over HTTP, in batches, from a thread of its own.

A receiver that is slow or away costs requests nothing: spans wait in a bounded queue, what does not fit in is counted
and lost, and the log says so once a minute.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from stts.telemetry.encoding import encoded_span, export_request
from stts.telemetry.finished_span import FinishedSpan
from stts.telemetry.losses import Losses
from stts.telemetry.parts import Value
from stts.telemetry.receiver import Answer, Receiver

QUEUE = 16_384
"""Spans that may wait: some MB."""
BATCH = 1024
"""Spans in one request."""
DELAY_SECONDS = 2.0
"""Longest wait of a span that is not part of a full batch."""
PAUSE_SECONDS = 5.0
"""After a receiver that is away, until it is asked again."""
TRIES = 40
"""For one batch: about five minutes of a receiver that is away."""
FLUSH_SECONDS = 3.0
"""For what waits when the server stops."""
SCOPE = "stts"
SLICE = 64
SLICE_PAUSE_SECONDS = 0.0002
"""Spans that are encoded at once, and the pause after them."""


@dataclass(slots=True)
class _Batch:
    spans: list[FinishedSpan]
    body: bytes | None = None
    """As it is sent, once it has been."""
    tries: int = 0


class SpanDelivery:
    """Call it with each span that has ended, on any thread; `close()` it once."""

    def __init__(self, endpoint: str, headers: Mapping[str, str], resource: Mapping[str, Value]) -> None:
        """`endpoint`: http:// or https:// address of the receiver, without `v1/traces`. `resource`: attributes of this
        server."""
        self._receiver = Receiver(endpoint, headers)
        self._resource = resource
        self._waiting: deque[FinishedSpan] = deque()
        self._batch: _Batch | None = None
        """It was taken out of what waits, and is not delivered yet."""
        self._losses = Losses()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)
        self._thread.start()

    def __call__(self, span: FinishedSpan) -> None:
        if len(self._waiting) >= QUEUE:
            self._losses.add(1)
            return
        self._waiting.append(span)
        if len(self._waiting) >= BATCH and not self._wake.is_set():
            self._wake.set()

    def close(self) -> None:
        """Delivers what waits, for `FLUSH_SECONDS` at most; the rest is lost."""
        self._stop.set()
        self._wake.set()
        self._thread.join(FLUSH_SECONDS)

    @property
    def _left(self) -> int:
        """Spans that are not delivered yet."""
        return len(self._waiting) + (len(self._batch.spans) if self._batch is not None else 0)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(DELAY_SECONDS)
            self._wake.clear()
            if not self._deliver_waiting():
                self._stop.wait(PAUSE_SECONDS)
        self._deliver_waiting()
        self._losses.close(self._left)
        self._receiver.close()

    def _deliver_waiting(self) -> bool:
        """False: the receiver is away, and what it did not take waits."""
        while self._left:
            if self._batch is None:
                self._batch = _Batch([self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))])
            if not self._deliver(self._batch):
                return False
        return True

    def _deliver(self, batch: _Batch) -> bool:
        batch.tries += 1
        answer = self._send(batch)
        self._losses.add(answer.lost)
        if not answer.away or answer.lost:
            self._batch = None
        elif batch.tries >= TRIES:
            self._losses.add(len(batch.spans))
            self._batch = None
        if answer.reason:
            self._losses.report(answer.reason, self._left)
        elif self._losses.untold:
            self._losses.report("the queue was full", self._left)
        return not answer.away

    def _send(self, batch: _Batch) -> Answer:
        try:
            if batch.body is None:
                batch.body = self._encoded(batch.spans)
            return self._receiver.send(batch.body, len(batch.spans))
        except Exception as error:  # noqa: BLE001 - whatever it is, one batch is lost by it, and not all that follow
            return Answer(len(batch.spans), type(error).__name__)

    def _encoded(self, spans: list[FinishedSpan]) -> bytes:
        encoded = []
        for number, span in enumerate(spans):
            encoded.append(encoded_span(span))
            if number % SLICE == SLICE - 1:
                # Lets requests go on: without it they would wait for this thread until the interpreter makes it.
                time.sleep(SLICE_PAUSE_SECONDS)
        return export_request(encoded, self._resource, SCOPE)
