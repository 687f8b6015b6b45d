"""Yielding: when work that nobody waits for may go on beside work that somebody waits for. Pure, time is an argument.

While somebody waits, and shortly after, the next piece of background work waits too. So that it is not forgotten where
somebody always waits, it gets a part of the time all the same: after a piece that took so long it rests in proportion.
"""

from __future__ import annotations

COMPANY_SECONDS = 10.0
"""Time after somebody has waited for which others are thought to come."""
LONGEST_REST_SECONDS = 30.0
"""Longest rest after a piece of background work, however long that took."""


class Yielding:
    """One for a process. Times are those of one clock that does not jump."""

    def __init__(self) -> None:
        self._waited_for = 0
        self._quiet_since: float | None = None
        self._rested_at = 0.0

    def begin(self) -> None:
        """Somebody waits for something from now on."""
        self._waited_for += 1

    def end(self, now: float) -> None:
        """One of those who waited has it."""
        self._waited_for -= 1
        self._quiet_since = now

    def worked(self, began: float, now: float, share: float) -> None:
        """A piece of background work has ended. `share`: the part of the time that it gets in any case, 0..1."""
        rest = min(LONGEST_REST_SECONDS, (now - began) * (1 - share) / share)
        self._rested_at = max(self._rested_at, now + rest)

    def has_company(self, now: float) -> bool:
        """True while somebody waits, or has lately: whoever comes next finds less in the way where less was begun."""
        since = self._quiet_since
        return bool(self._waited_for) or (since is not None and now - since < COMPANY_SECONDS)

    def seconds_left(self, now: float, quiet_seconds: float) -> float:
        """Seconds until the next piece may be asked for again; 0: it may begin."""
        rest = max(0.0, self._rested_at - now)
        if self._waited_for:
            return rest
        if self._quiet_since is None:
            return 0.0
        return max(0.0, min(rest, self._quiet_since + quiet_seconds - now))
