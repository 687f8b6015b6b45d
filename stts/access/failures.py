"""Wrong keys, counted by network: whoever tries many is slowed down, and nobody else is."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable

from stts.access.networks import network_of
from stts.errors import TooManyRequests

MOST_FAILURES = 10
"""Wrong keys of one network within `WINDOW_SECONDS` that are answered at once."""
WINDOW_SECONDS = 60.0
MOST_NETWORKS = 10_000
"""Networks that are remembered; the one that failed longest ago is forgotten first."""


class KeyFailures:
    """One for the process. Keys that are right are never counted, and never asked for."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def count(self, address: str) -> None:
        """One more wrong key. Raises TooManyRequests where there were too many."""
        now = self._clock()
        network = network_of(address)
        times = self._times.setdefault(network, deque(maxlen=MOST_FAILURES))
        self._times.move_to_end(network)
        while len(self._times) > MOST_NETWORKS:
            self._times.popitem(last=False)
        if self._is_slowed(times, now):
            wait = times[0] + WINDOW_SECONDS - now
            raise TooManyRequests("Too many wrong keys came from this address.", retry_after=wait)
        times.append(now)

    def is_slowed(self, address: str) -> bool:
        """True where the next wrong key of this address is refused unseen."""
        times = self._times.get(network_of(address))
        return times is not None and self._is_slowed(times, self._clock())

    @staticmethod
    def _is_slowed(times: deque[float], now: float) -> bool:
        return len(times) == MOST_FAILURES and now - times[0] < WINDOW_SECONDS
