"""Output of a child: drained all the time, since a full pipe would stop it, and told in the log with its engine.

Libraries print what they work on, so once a child has been given work its lines may be words of a user. From then on
only lines that speak of the program alone are quoted; the others are counted.
"""

from __future__ import annotations

import os
import re
import threading

import structlog

from adapters.execution.backends.trace_context import read_mark

log: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)

MOST_LINES = 100
"""Lines of one child that are quoted; more is counted only."""
MOST_CHARACTERS = 400
"""Characters of a line that are quoted."""
READ_BYTES = 1 << 16
OF_THE_PROGRAM = re.compile(
    r"\s*File \".*\", line \d+(,? in [\w.<>]+)?"
    r"|Fatal Python error: [\w ]+"
    r"|(Current thread|Thread) 0x[0-9a-f]+ \(most recent call first\):"
    r"|Traceback \(most recent call last\):"
    r"|(Segmentation fault|Illegal instruction|Aborted|Bus error)( \(core dumped\))?"
    r"|(terminate called .*|double free or corruption.*|corrupted .*)"
)
"""Lines that a dying process leaves and that quote nobody."""
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")


class ChildOutput:
    """Reads a pipe in a thread of its own until its last writer has gone."""

    def __init__(self, name: str, pipe: int, *, quote_all: bool = False) -> None:
        """`name`: of the engine. `pipe`: owned from here on. `quote_all`: the operator wants users' text in logs."""
        self._name = name
        self._pipe = pipe
        self._quote_all = quote_all
        self._private = False
        self._lines = 0
        self._hidden = 0
        self._rest = b""
        self._traced: dict[str, str] = {}
        """Ids of the traces that it works for, where there are any."""
        self._thread = threading.Thread(target=self._drain, name=f"{name} output", daemon=True)
        self._thread.start()

    def keep_private(self) -> None:
        """Says that the child is given work now: what it prints may be words of a user."""
        self._private = True

    def close(self, seconds: float) -> None:
        """Waits so long for the last of it."""
        self._thread.join(seconds)

    def _drain(self) -> None:
        try:
            while data := os.read(self._pipe, READ_BYTES):
                *lines, self._rest = (self._rest + data).split(b"\n")
                for line in lines:
                    self._tell(line)
                # A progress bar never ends its line, and one line must not fill the memory.
                if len(self._rest) > READ_BYTES:
                    self._tell(self._rest)
                    self._rest = b""
            self._tell(self._rest)
        finally:
            os.close(self._pipe)
            if self._hidden:
                log.info("engine_output_hidden", engine=self._name, lines=self._hidden)

    def _tell(self, line: bytes) -> None:
        if (traces := read_mark(line)) is not None:
            self._traced = {"trace_id": traces} if traces else {}
            return
        text = _readable(line)
        if not text:
            return
        if self._lines >= MOST_LINES or not self._may_quote(text):
            self._hidden += 1
            return
        self._lines += 1
        log.info("engine_output", engine=self._name, line=text, **self._traced)

    def _may_quote(self, text: str) -> bool:
        return self._quote_all or not self._private or OF_THE_PROGRAM.fullmatch(text) is not None


def _readable(line: bytes) -> str:
    """The line as it stands on a terminal in the end, without colours."""
    text = line.rstrip(b"\r").rpartition(b"\r")[2].decode("utf-8", "replace")
    return _CONTROL.sub("", text).rstrip()[:MOST_CHARACTERS]
