"""A circuit breaker: calls do not wait one after another for a database that hangs.

After a try that failed all calls fail at once for a second. Then one of them tries, and the others go on failing at
once until it has been answered.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from stts.errors import DatabaseAway

REST_SECONDS = 1.0
"""Between a try that failed and the next one."""


class CircuitBreaker:
    """One for each thing that is tried."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._failure: DatabaseAway | None = None
        """The failure of the last try; None where that was answered."""
        self._failed_at = 0.0
        self._probing = False

    def check(self) -> None:
        """Raises the failure of the last try where that was a moment ago, or somebody is trying again now."""
        if self._failure is not None and (self._probing or self._monotonic() - self._failed_at < REST_SECONDS):
            raise self._failure.with_traceback(None)

    @contextmanager
    def trying(self) -> Iterator[Callable[[], None]]:
        """One try. Yields what is called once it has been answered: what fails afterwards counts no more.

        Raises what `check` does.
        """
        self.check()
        probes = self._failure is not None
        self._probing = self._probing or probes
        is_answered = False

        def answered() -> None:
            nonlocal is_answered
            is_answered, self._failure = True, None

        try:
            yield answered
        except DatabaseAway as error:
            if not is_answered:
                self._failure, self._failed_at = error, self._monotonic()
            raise
        finally:
            if probes:
                self._probing = False
