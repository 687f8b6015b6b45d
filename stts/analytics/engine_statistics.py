"""Measured statistics of one engine instance: moving averages, weighted to the newest. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from stts.engine_state import BreakerState

SMOOTHING = 0.2
"""Weight of the newest measurement."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The statistics of one instance at one moment."""

    engine: str
    """Name of the instance."""
    kind: str
    available: bool
    """True if `auto` takes it: its libraries and files are here, it has not failed, and its breaker is closed."""
    breaker: BreakerState = "closed"
    probe_seconds: float = 0.0
    """Until the next probe of an open breaker."""
    failures_in_row: int = 0
    failure_rate: float = 0.0
    """Share of failed requests, 0..1, a moving average."""
    first_seconds: float | None = None
    """From the engine's turn to its first audio or text, a moving average; None: it was not measured."""
    real_time_factor: float | None = None
    """Seconds of work a second of audio."""
    requests: int = 0
    """Requests it did or failed at."""
    failures: int = 0
    underruns: int = 0
    """How often a listener had nothing to hear."""
    last_error: str | None = None
    """Machine code of the last failure."""


class Statistics:
    def __init__(self) -> None:
        self.first_seconds: float | None = None
        self.failure_rate = 0.0
        self.requests = 0
        self.failures = 0
        self.underruns = 0
        self.last_error: str | None = None

    def first(self, seconds: float) -> None:
        """Notes the time to a first item."""
        self.first_seconds = averaged(self.first_seconds, seconds)

    def succeeded(self) -> None:
        self.requests += 1
        self.failure_rate -= SMOOTHING * self.failure_rate

    def failed(self, code: str) -> None:
        self.requests += 1
        self.failures += 1
        self.last_error = code
        self.failure_rate += SMOOTHING * (1.0 - self.failure_rate)


def averaged(before: float | None, newest: float) -> float:
    return newest if before is None else before + SMOOTHING * (newest - before)
