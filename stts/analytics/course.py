"""The course of one operation: which part of its time went where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from stts.context import SOCKET, RequestContext


class Course(NamedTuple):
    """Seconds of each part, in their order; 0: it did not come to that. Parts of a stream may overlap."""

    received: float = 0.0
    """From the first byte of the request until all of it was there."""
    input: float = 0.0
    """Somebody was still speaking, or writing what is spoken."""
    load: float = 0.0
    """Waiting until an engine was loaded."""
    queue: float = 0.0
    """Waiting for a free place at an engine that was loaded."""
    engine: float = 0.0
    encode: float = 0.0
    """Level, effects and encoding."""
    held: float = 0.0
    """Ready, and waiting for whoever reads."""

    @classmethod
    def of(cls, context: RequestContext) -> Course:
        times, facts = context.metrics, context.input_data
        # What came on a socket was not the whole request of its connection.
        is_request = facts.method not in (None, SOCKET)
        load = times.load or 0.0
        return cls(
            max(0.0, context.start_time - facts.arrived) if is_request else 0.0,
            _input(context),
            load,
            max(0.0, (times.queue or 0.0) - load),
            times.engine or 0.0,
            times.encode or 0.0,
            times.held or 0.0,
        )

    def parts(self, total: float) -> Mapping[str, float]:
        """The parts by name, and `other`: what is missing to all of its time, `total` seconds since it was received."""
        known = self._asdict()
        return {**known, "other": max(0.0, total - sum(self[1:]))}


def _input(context: RequestContext) -> float:
    times = context.metrics
    if context.request_type == "tts":
        return times.written or 0.0
    if context.input_data.method != SOCKET:
        return 0.0
    heard = times.audio_seconds if context.request_type == "stt" else times.heard_seconds
    return min(heard or 0.0, times.total or 0.0)


NOTHING_MEASURED = Course()
