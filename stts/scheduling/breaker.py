"""Circuit breaker of one engine: after failures in a row it rests, until a probe shows that it works again. Pure.

It counts what it is told: who is to blame for a failure is decided before (`blame.py`). Times are on the caller's
clock.
"""

from __future__ import annotations

from dataclasses import dataclass

from stts.engine_state import BreakerState


@dataclass(frozen=True, slots=True)
class BreakerRules:
    failures: int = 3
    """Failures in a row that open it."""
    rest_seconds: float = 60.0
    """Rest before the first probe; each probe that fails doubles it."""
    longest_rest_seconds: float = 1800.0


@dataclass(frozen=True, slots=True)
class _Charge:
    at: float
    cause: int | None


class Breaker:
    """Closed while calls go well, open while the engine rests, half open while a probe is under way."""

    def __init__(self) -> None:
        self.state: BreakerState = "closed"
        self._charges: list[_Charge] = []
        self._opened = 0.0
        self._until = 0.0
        self._probes = 0
        """Probes that failed since it opened."""

    @property
    def failures(self) -> int:
        """Failures in a row."""
        return len(self._charges)

    @property
    def closed(self) -> bool:
        return self.state == "closed"

    def failed(self, now: float, rules: BreakerRules, cause: int | None = None) -> bool:
        """Charges a failure; True if it opens the breaker. While it is open only its probes count.

        `cause` stands for what was asked: the same that fails again says nothing new.
        """
        if not self.closed or (cause is not None and self._charges and self._charges[-1].cause == cause):
            return False
        self._charges.append(_Charge(now, cause))
        if self.failures < rules.failures:
            return False
        self.state, self._opened, self._probes = "open", now, 0
        self._rest(now, rules)
        return True

    def succeeded(self, began: float) -> bool:
        """A call that began at this time has done all it was asked. True if that closes the breaker.

        A call from before it opened says nothing about the engine as it is now.
        """
        if not self.closed and began < self._opened:
            return False
        opened = not self.closed
        self.state = "closed"
        self._charges.clear()
        return opened

    def forgive(self, since: float) -> bool:
        """Takes back what was charged from this time on; True if that closes the breaker."""
        self._charges = [charge for charge in self._charges if charge.at < since]
        if self.closed or self._opened < since:
            return False
        self.state = "closed"
        return True

    def wait(self, now: float) -> float:
        """Seconds until a probe is due; 0 where it is closed."""
        return 0.0 if self.closed else max(self._until - now, 0.0)

    def begin_probe(self) -> None:
        if self.state == "open":
            self.state = "half_open"

    def probe_failed(self, now: float, rules: BreakerRules) -> None:
        """The engine rests again, twice as long as before."""
        if self.closed:
            return
        self.state = "open"
        self._probes += 1
        self._rest(now, rules)

    def _rest(self, now: float, rules: BreakerRules) -> None:
        doubled = rules.rest_seconds * 2.0 ** min(self._probes, 30)
        self._until = now + min(doubled, max(rules.rest_seconds, rules.longest_rest_seconds))
