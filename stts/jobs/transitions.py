"""The table of what may happen to a batch in which state. A pair that is not in it raises Conflict.

Rules of the house: only the server starts, rests and ends a batch by itself (`rest`, `wake`, `end`, `give_up`); the
others are people's commands. Nothing here knows who asks or where it is kept.
"""

from __future__ import annotations

from typing import Literal

from stts.errors import Conflict
from stts.jobs.values import UNFINISHED, BatchState

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

_COMMANDS: tuple[BatchEvent, ...] = ("cancel", "pause", "resume", "retry")
_PASSIVE: dict[BatchEvent, str] = {
    "begin": "begun", "pause": "paused", "resume": "resumed", "cancel": "cancelled", "retry": "retried",
    "rest": "put to rest", "wake": "woken", "end": "ended", "give_up": "given up",
}  # fmt: skip


def next_state(state: BatchState, event: BatchEvent) -> BatchState:
    """Raises Conflict, which says what would change something."""
    if (found := TRANSITIONS.get((state, event))) is not None:
        return found
    if event == "retry" and state in UNFINISHED:
        raise Conflict(f"A job that is {state} cannot be retried before it has ended.")
    changing = {known for (at, known), to in TRANSITIONS.items() if at == state and to != state}
    possible = [command for command in _COMMANDS if command in changing]
    also = f"; possible: {', '.join(possible)}" if possible else ""
    raise Conflict(f"A job that is {state} cannot be {_PASSIVE[event]}{also}.")


def ended_as(done: int, failed: int, total: int) -> BatchEvent | None:
    """The event that a batch with so many ended items has come to; None: some have not ended."""
    if done + failed < total:
        return None
    return "end" if done else "give_up"
