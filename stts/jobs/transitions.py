"""The table of what may happen to a batch in which state. A pair that is not in it raises Conflict.

Rules of the house: only the server starts, rests and ends a batch by itself (`rest`, `wake`, `end`, `give_up`); the
others are people's commands. Nothing here knows who asks or where it is kept.
"""

from __future__ import annotations

from typing import Literal

from stts.errors import Conflict
from stts.jobs.values import BatchState

BatchEvent = Literal["begin", "pause", "resume", "cancel", "retry", "rest", "wake", "end", "give_up"]
"""`rest`: it cannot go on for now, such as on a full disk; `wake`: the server tries again. `end`: all items have ended,
and one is done; `give_up`: all have failed."""

TRANSITIONS: dict[tuple[BatchState, BatchEvent], BatchState] = {
    ("draft", "begin"): "running",
    ("running", "pause"): "paused",
    ("running", "rest"): "paused",
    ("running", "cancel"): "cancelled",
    ("running", "end"): "done",
    ("running", "give_up"): "failed",
    ("paused", "pause"): "paused",
    ("paused", "resume"): "running",
    ("paused", "wake"): "running",
    ("paused", "cancel"): "cancelled",
    ("running", "resume"): "running",
    ("done", "cancel"): "done",
    ("failed", "cancel"): "failed",
    ("cancelled", "cancel"): "cancelled",
    ("done", "retry"): "running",
    ("failed", "retry"): "running",
}


def next_state(state: BatchState, event: BatchEvent) -> BatchState:
    """Raises Conflict, which says what is possible."""
    if (found := TRANSITIONS.get((state, event))) is not None:
        return found
    possible = sorted({known for at, known in TRANSITIONS if at == state} & {"pause", "resume", "cancel", "retry"})
    also = f"; possible: {', '.join(possible)}" if possible else ""
    raise Conflict(f"A job that is {state} cannot {event.replace('_', ' ')}{also}.")


def ended_as(done: int, failed: int, total: int) -> BatchEvent | None:
    """The event that a batch with so many ended items has come to; None: some have not ended."""
    if done + failed < total:
        return None
    return "end" if done else "give_up"
