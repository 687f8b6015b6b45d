"""Lines of the log as JSON, by one encoder for all: making one takes as long as the line."""

from __future__ import annotations

import time
from json import JSONEncoder

from structlog.typing import EventDict, WrappedLogger

_ENCODER = JSONEncoder(default=repr)


class UTCTimes:
    """A structlog processor: the time of each line, ISO 8601 with microseconds. The second is written once for all."""

    def __init__(self) -> None:
        self._second = -1
        self._written = ""

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        nanoseconds = time.time_ns()
        second = nanoseconds // 1_000_000_000
        if second != self._second:
            # In this order: lines are written by several threads.
            self._written, self._second = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)), second
        event["timestamp"] = f"{self._written}.{nanoseconds // 1000 % 1_000_000:06d}Z"
        return event


def render_json(logger: WrappedLogger, method: str, event: EventDict) -> str:
    """A structlog processor, the last one. Values that JSON does not know stand there as Python shows them."""
    return _ENCODER.encode(event)
