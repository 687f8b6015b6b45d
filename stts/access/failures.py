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
LOOK_UPS = 5
"""Keys from slowed networks, all together, that are looked up in the database within `LOOK_UP_SECONDS`."""
LOOK_UP_SECONDS = 1.0
MOST_NETWORKS = 10_000
"""Networks that are remembered; the one that failed longest ago is forgotten first."""


class KeyFailures:
    """One for the process. Keys that are right are never counted, and never asked for."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, told: Callable[[str], None] | None = None) -> None:
        """`told`: called with the network of each wrong key that is counted, for other processes of this server."""
        self._clock = clock
        self._told = told
        self._times: OrderedDict[str, deque[float]] = OrderedDict()
        self._look_ups: deque[float] = deque(maxlen=LOOK_UPS)

    def count(self, address: str) -> None:
        """One more wrong key. Raises TooManyRequests where there were too many."""
        now, network = self._clock(), network_of(address)
        times = self._times_of(network)
        if self._is_slowed(times, now):
            wait = times[0] + WINDOW_SECONDS - now
            raise TooManyRequests("Too many wrong keys came from this address.", retry_after=wait)
        times.append(now)
        if self._told is not None:
            self._told(network)

    def note(self, network: str) -> None:
        """Another process of this server was shown a wrong key."""
        self._times_of(network).append(self._clock())

    def is_slowed(self, address: str) -> bool:
        """True where the next wrong key of this address is refused unseen."""
        times = self._times.get(network_of(address))
        return times is not None and self._is_slowed(times, self._clock())

    def takes_look_up(self) -> bool:
        """Takes one of the few look-ups that slowed networks have; False where none is left for now.

        A key that is so new that memory does not know it must work from there too.
        """
        now = self._clock()
        if len(self._look_ups) == LOOK_UPS and now - self._look_ups[0] < LOOK_UP_SECONDS:
            return False
        self._look_ups.append(now)
        return True

    def _times_of(self, network: str) -> deque[float]:
        times = self._times.setdefault(network, deque(maxlen=MOST_FAILURES))
        self._times.move_to_end(network)
        while len(self._times) > MOST_NETWORKS:
            self._times.popitem(last=False)
        return times

    @staticmethod
    def _is_slowed(times: deque[float], now: float) -> bool:
        return len(times) == MOST_FAILURES and now - times[0] < WINDOW_SECONDS
