"""Stream of the log. A line that cannot be written is counted and raises nothing: the work it describes goes on."""

from __future__ import annotations

from typing import TextIO

from structlog.typing import EventDict, WrappedLogger


class LogStream:
    """A disk may be full, and whoever read a pipe may have gone. Used under the lock of structlog's logger."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lost = 0
        """Lines since the last one that was written."""

    def write(self, text: str) -> None:
        """A whole line."""
        # A part of the last one may have been written, without its end.
        line = f"\n{text}" if self._lost else text
        try:
            self._stream.write(line)
            self._stream.flush()
        except OSError:
            self._lost += 1
        else:
            self._lost = 0

    def flush(self) -> None:
        """Each line is flushed as it is written."""

    def add_lost(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        """A structlog processor: the first line that is written again says how many are missing before it."""
        if self._lost:
            event["lines_lost"] = self._lost
        return event
