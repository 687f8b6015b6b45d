"""Limits open connections, in all and of one network, and chooses which to close when there are too many.

A connection that waits for its client (for a request, for the rest of its head, or long for it to take its answer)
makes room for a new one, the one that has waited longest first. Where all are at work, the new one is still heard: it
may ask whether the server is alive, and is told to come back for anything else. So whoever holds many connections
never hides the server's health.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable

import structlog
from structlog.typing import FilteringBoundLogger

from middleware.serving.file_limit import SPARE_CONNECTIONS, file_limit, most_connections, shortage
from middleware.serving.load import Load
from stts.access.networks import network_of
from stts.errors import Busy
from stts.settings import LimitSettings

RETRY_SECONDS = 5.0
"""Seconds after which a refused client may try again."""
LOG_SECONDS = 60.0
"""Between two lines of the log about clients that hold connections."""
STUCK_SECONDS = 60.0
"""Seconds that a client may leave its answer unread where others need the room; a paused player does."""
SLOW, FULL = "slow", "full"
"""Why connections are cut or turned away."""

log: FilteringBoundLogger = structlog.get_logger()


class Connections:
    """Connections of one server. Each is known by its transport, which stays when a request becomes a socket."""

    def __init__(
        self,
        most: int,
        of_one_network: int,
        clock: Callable[[], float] = time.monotonic,
        load: Load | None = None,
    ) -> None:
        """`load`: of the process; None: nobody asks for it."""
        self.most = most
        self._load = load or Load()
        self._of_one_network = of_one_network
        self._clock = clock
        self._open: dict[asyncio.Transport, str] = {}
        """Connections within the bounds, with their networks."""
        self._by_network: Counter[str] = Counter()
        self._waiting: dict[asyncio.Transport, float] = {}
        """Open connections that wait for their client, and since when, the longest first."""
        self._resting: set[asyncio.Transport] = set()
        """Those of them that had something to do before."""
        self._beyond: dict[asyncio.Transport, None] = {}
        """Connections that are read only to be refused, the oldest first."""
        self._logged_at: float | None = None
        self._unlogged: Counter[str] = Counter()
        self.shortage: dict[str, int | str] = {}
        """Logged along: why there are no more of them, where that is the system's doing."""

    def __len__(self) -> int:
        return len(self._open) + len(self._beyond)

    def enter(self, transport: asyncio.Transport, address: str | None) -> bool:
        """True if this connection is within the bounds. Closes one that waits for its client, where that makes room."""
        self._load.enter()
        network = network_of(address)
        if network and self._by_network[network] >= self._of_one_network:
            has_room = self._make_room(each for each in self._waiting if self._open[each] == network)
        else:
            has_room = len(self._open) < self.most or self._make_room(self._waiting)
        if not has_room:
            self._enter_beyond(transport)
            return False
        self._open[transport] = network
        self._by_network[network] += 1
        self._waiting[transport] = self._clock()
        return True

    def leave(self, transport: asyncio.Transport) -> None:
        """May be called again."""
        is_beyond = transport in self._beyond
        self._beyond.pop(transport, None)
        self._waiting.pop(transport, None)
        network = self._open.pop(transport, None)
        if network is not None or is_beyond:
            self._load.leave(resting=transport in self._resting)
            self._resting.discard(transport)
        if network is None:
            return
        self._by_network[network] -= 1
        if not self._by_network[network]:
            del self._by_network[network]

    def works(self, transport: asyncio.Transport) -> None:
        """The head of a request has come, or a socket was opened, or the client takes its answer."""
        self._waiting.pop(transport, None)
        if transport in self._resting:
            self._resting.remove(transport)
            self._load.work()

    def waits(self, transport: asyncio.Transport) -> None:
        """Marks a connection as waiting: its requests are answered, or their answers are not read."""
        self._waiting.pop(transport, None)
        if transport in self._open:
            self._waiting[transport] = self._clock()
            if transport not in self._resting:
                self._resting.add(transport)
                self._load.rest()

    def busy(self) -> Busy:
        """The error for connections beyond the bounds. The log has one line about all of them."""
        error = Busy("This server has no connection left for this request.", retry_after=RETRY_SECONDS)
        error.is_logged = True
        return error

    def log_refusals(self, reason: str) -> None:
        """One line for many: the first at once, the others with the first after `LOG_SECONDS`."""
        self._unlogged[reason] += 1
        now = self._clock()
        if self._logged_at is not None and now < self._logged_at + LOG_SECONDS:
            return
        self._logged_at = now
        line = {
            **self._unlogged,
            "open": len(self),
            "most": self.most,
            **(self.shortage if self._unlogged[FULL] else {}),
        }
        log.warning("connections_cut", **line, next_line_after=LOG_SECONDS)
        self._unlogged.clear()

    def _make_room(self, candidates: Iterable[asyncio.Transport]) -> bool:
        longest = next((each for each in candidates if self._may_be_cut(each)), None)
        if longest is not None:
            self._cut(longest)
        return longest is not None

    def _may_be_cut(self, transport: asyncio.Transport) -> bool:
        """True if no answer is on its way to this one that waits."""
        return not transport.get_write_buffer_size() or self._waiting[transport] + STUCK_SECONDS < self._clock()

    def _enter_beyond(self, transport: asyncio.Transport) -> None:
        if len(self._beyond) >= SPARE_CONNECTIONS:
            self._cut(next(iter(self._beyond)))
        self._beyond[transport] = None
        self.log_refusals(FULL)

    def _cut(self, transport: asyncio.Transport) -> None:
        self.leave(transport)
        transport.abort()
        self.log_refusals(FULL)


def connections_of(limits: LimitSettings, others: int, load: Load | None = None) -> Connections:
    """Bounded as the limits say and by what the file limit leaves room for beside the files that `others` want; the
    share of one network stays. `load`: of the process."""
    most = most_connections(limits, others, file_limit())
    connections = Connections(most, max(1, limits.network_connections * most // limits.connections), load=load)
    connections.shortage = shortage(limits, others)
    return connections
