"""Refusals, counted a minute by who was refused, so that nobody can fill the audit trail with them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from stts.access.audit import Action, AuditEvent

WINDOW_SECONDS = 60.0
MOST_CALLERS = 100
"""Callers counted by themselves within a minute; the others are counted together."""
MOST_KINDS = 20
"""Kinds of refusal told of one caller."""
OTHERS = "others"


@dataclass(slots=True)
class _Count:
    first_at: float
    last_at: float
    kinds: Counter[str] = field(default_factory=Counter)


class Refusals:
    """One for the process: a minute makes at most `MOST_CALLERS` + 1 events."""

    def __init__(self, clock: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._counts: dict[tuple[Action, str, str], _Count] = {}
        self._since = monotonic()

    def count(self, action: Action, actor: str, target: str, kind: str) -> None:
        """One more. `kind`: the status and the route, never a text of the client."""
        caller = (action, actor, target)
        if caller not in self._counts and len(self._counts) >= MOST_CALLERS:
            caller = (action, OTHERS, OTHERS)
        if not self._counts:
            self._since = self._monotonic()
        now = self._clock()
        count = self._counts.setdefault(caller, _Count(now, now))
        count.last_at = now
        known = kind in count.kinds or len(count.kinds) < MOST_KINDS
        count.kinds[kind if known else OTHERS] += 1

    @property
    def due_in(self) -> float | None:
        """Seconds until the minute is over; None where nothing was refused."""
        return max(0.0, self._since + WINDOW_SECONDS - self._monotonic()) if self._counts else None

    def take(self) -> list[AuditEvent]:
        """The events of the minute so far. A new minute begins."""
        counts, self._counts = self._counts, {}
        return [_event(*caller, count) for caller, count in counts.items()]


def _event(action: Action, actor: str, target: str, count: _Count) -> AuditEvent:
    details = {"count": count.kinds.total(), "first_at": count.first_at, "refused": dict(count.kinds)}
    return AuditEvent(at=count.last_at, actor=actor, action=action, target=target, details=details)
