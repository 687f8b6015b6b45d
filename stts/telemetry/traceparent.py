"""`traceparent` of W3C Trace Context: the span of a client that a request belongs to.

`tracestate` is not read: it is a client's text, and nothing here needs it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

FORM = re.compile(r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})")
INVALID_VERSION = "ff"
SAMPLED = 0x01


@dataclass(frozen=True, slots=True)
class RemoteSpan:
    """A span of somebody else."""

    trace_id: int
    span_id: int
    sampled: bool


def write_traceparent(trace_id: int, span_id: int) -> str:
    """The header that names a span of ours, which is recorded."""
    return f"00-{trace_id:032x}-{span_id:016x}-{SAMPLED:02x}"


def read_traceparent(text: str) -> RemoteSpan | None:
    """The span that a header names; None for what is none, which is no reason to refuse a request."""
    # Later versions may go on behind a hyphen.
    found = FORM.match(text)
    rest = text[found.end() :] if found is not None else ""
    if found is None or found["version"] == INVALID_VERSION or (rest and (found["version"] == "00" or rest[0] != "-")):
        return None
    remote = RemoteSpan(int(found["trace"], 16), int(found["span"], 16), bool(int(found["flags"], 16) & SAMPLED))
    return remote if remote.trace_id and remote.span_id else None
