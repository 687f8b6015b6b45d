"""Spans that reach no receiver: counted on any thread, and told in the log once a minute."""

from __future__ import annotations

import threading
import time

import structlog

LOG_SECONDS = 60.0

log: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


class Losses:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._untold = 0
        self._reported: float | None = None
        self._reason = ""

    @property
    def untold(self) -> int:
        """Spans that were lost since the last line of the log."""
        return self._untold

    def add(self, spans: int) -> None:
        with self._lock:
            self._untold += spans

    def report(self, reason: str, waiting: int, *, at_once: bool = False) -> None:
        """Says that spans were lost, or wait for a receiver that is away. `at_once`: however lately that was said."""
        now = time.monotonic()
        with self._lock:
            self._reason = reason
            if not at_once and self._reported is not None and now < self._reported + LOG_SECONDS:
                return
            self._reported = now
            lost, self._untold = self._untold, 0
        log.warning("telemetry_not_delivered", spans_lost=lost, waiting=waiting, reason=reason)

    def close(self, left: int) -> None:
        """Says what was not said yet. `left`: spans that still wait, and are lost with the server."""
        self.add(left)
        if self._untold:
            self.report("the server has stopped" if left else self._reason, left, at_once=True)
