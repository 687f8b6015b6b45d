"""The cause: why one operation took as long as it did, or what became of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from stts.analytics.record import OperationRecord

Cause = Literal[
    "quick",
    "failed",
    "left",
    "received",
    "load",
    "queue",
    "engine",
    "first",
    "length",
    "encode",
    "held",
    "shared",
    "reply",
    "other",
]
"""`engine`: it is slow; `first`: it keeps up, but its first sound or words took long; `length`: it keeps up, and had
much to do; `shared`: it was being made for another request; `reply`: a language model wrote; `left`: the client did,
soon; `quick`: nothing was slow here."""
QUICK_SECONDS = 0.5
"""An operation that took less than this is not slow."""
NEARLY_REAL_TIME = 0.8
"""An engine that takes so much of the time that its speech lasts is slow; a faster one had much to do."""


def slowness(record: OperationRecord) -> float:
    """Seconds for which somebody waited: until sound or words began, or for the whole answer, or behind its playing."""
    total = record.total or 0.0
    received = record.course.received
    if record.urgency == "collected":
        return received + total
    after = max(0.0, total - record.course.input)
    if record.labels.type == "stt" and record.course.input:
        return after
    began = after if record.first_item is None else record.first_item
    behind = after - record.course.held - record.audio_seconds if record.labels.type == "tts" else 0.0
    return received + max(began, behind)


def cause(record: OperationRecord) -> tuple[Cause, float]:
    """The part that took most of its time, and how many seconds of it."""
    waited = slowness(record)
    if record.status == "error":
        return "failed", waited
    parts = dict(record.course.parts(record.total or 0.0))
    if record.labels.type != "tts" or record.urgency == "live":
        # A listener who plays reads as fast as it plays: that is no waiting.
        parts["held"] = max(0.0, parts["held"] - record.audio_seconds)
    # Nobody waits for what somebody still says.
    del parts["input"]
    if parts["received"] < QUICK_SECONDS:
        # A large body takes its time on any network: that is nobody's fault.
        del parts["received"]
    if record.urgency == "live" and record.labels.type != "conversation":
        # What is made behind the first of a stream goes on while it is heard.
        left = max(0.0, waited - record.course.received - parts["load"] - parts["queue"])
        for name in ("engine", "encode", "other"):
            parts[name] = min(parts[name], left)
            left -= parts[name]
    name, seconds = max(parts.items(), key=lambda part: part[1])
    if max(waited, parts["held"]) < QUICK_SECONDS:
        return ("left" if record.status == "cancelled" else "quick"), waited
    return _named(name, record), seconds


def _named(part: str, record: OperationRecord) -> Cause:
    if part == "engine":
        is_slow = record.audio_seconds and record.course.engine >= NEARLY_REAL_TIME * record.audio_seconds
        if is_slow or not record.audio_seconds:
            return "engine"
        return "first" if record.urgency == "live" else "length"
    if part == "other" and record.labels.type == "conversation":
        return "reply"
    if part == "other" and record.cache == "JOIN":
        return "shared"
    return _CAUSES[part]


_CAUSES: Mapping[str, Cause] = {
    "received": "received",
    "load": "load",
    "queue": "queue",
    "encode": "encode",
    "held": "held",
    "other": "other",
}
