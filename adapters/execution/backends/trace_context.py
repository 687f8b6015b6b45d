"""The trace of a call in the process of its engine: the engine may go on with it, and what is printed carries its id.

Only the process knows which of its lines belongs to which call, since it prints faster than the server reads. So it
says so between them, by a line of its own, which `ChildOutput` reads. On its own, for workers: it imports little.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress

VARIABLE = "TRACEPARENT"
"""Variable of the environment that OpenTelemetry names for it: a library that makes spans, or a program that it starts,
goes on with the trace."""
STANDARD_ERROR = 2
_MARK = re.compile(rb"\x1e((?:[0-9a-f]{32}(?:,[0-9a-f]{32})*)?)")


class TraceContext:
    """One for the process of an engine."""

    def __init__(self) -> None:
        self._traces: Sequence[str] = []

    def enter(self, traces: Sequence[str]) -> None:
        """Works for these spans (`traceparent`) from here on: for one, for several whose calls are made together, or
        for none that is known."""
        if traces == self._traces:
            return
        self._traces = traces
        if len(traces) == 1:
            os.environ[VARIABLE] = traces[0]
        else:
            os.environ.pop(VARIABLE, None)
        with suppress(OSError, ValueError, AttributeError):  # what an engine has closed, or taken away
            sys.stdout.flush()
            os.write(STANDARD_ERROR, mark(traces))


def mark(traces: Sequence[str]) -> bytes:
    """The line that says which traces the next ones belong to; in front of it, the end of one that was not ended."""
    return b"\n\x1e%b\n" % ",".join(trace.split("-")[1] for trace in traces).encode()


def read_mark(line: bytes) -> str | None:
    """The ids of the traces that a mark names, with commas between them; None for a line that is none."""
    found = _MARK.fullmatch(line)
    return found[1].decode() if found is not None else None
