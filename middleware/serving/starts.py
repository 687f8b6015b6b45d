"""Staggers request starts: pending connections are accepted first, then one request begins in each turn of the loop.

To begin a request costs several times what it costs to accept a connection and to read a head. Begun as they come,
hundreds of requests that came together would all be begun before the last connection is even accepted, and whoever asks
on it whether the server is alive would wait for all of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

Start = Callable[[], None]
Later = Callable[[Start], object]
"""Calls something in the next turn of the loop."""

TURNS_OF_ARRIVALS = 64
"""Turns of the loop between two requests while connections keep coming; a turn accepts one connection or more."""


class Starts:
    """Starts of one server. A request begins at once where no connection has just come."""

    def __init__(self) -> None:
        self._held: deque[Start] = deque()
        """At most as many as there are connections."""
        self._has_arrived = False
        """Since the last turn."""
        self._watches = False
        """True if the next turn is looked at."""
        self._turns = 0
        """Turns with arrivals since a request began."""

    def __len__(self) -> int:
        return len(self._held)

    def arrived(self, later: Later) -> None:
        """A connection has come, so others may be behind it."""
        self._has_arrived = True
        if not self._watches:
            self._watches = True
            later(lambda: self._turn(later))

    @property
    def are_held(self) -> bool:
        """True if a request has to wait for its turn."""
        return self._watches

    def begin(self, start: Start) -> None:
        """Now, or when its turn has come."""
        if self._watches:
            self._held.append(start)
        else:
            start()

    def _turn(self, later: Later) -> None:
        has_arrived, self._has_arrived = self._has_arrived, False
        self._turns = self._turns + 1 if has_arrived else TURNS_OF_ARRIVALS
        start: Start | None = None
        if self._held and self._turns >= TURNS_OF_ARRIVALS:
            self._turns = 0
            start = self._held.popleft()
        self._watches = has_arrived or bool(self._held)
        if self._watches:
            later(lambda: self._turn(later))
        if start is not None:  # last, so that one which fails holds up no others
            start()
