"""The timeline of a Live session: one clock of milliseconds from `session.started`, and where input stands on it."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable

DRIFT_MS = 300
"""Input whose place by the count of its samples is further from the clock than this stands where the clock says."""
ONSET_SECONDS = 0.5
"""Quiet with which speech is told at most, before its first sound."""
MOST_ANCHORS = 64


class Timeline:
    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` gives seconds."""
        self._clock = clock
        self._began = clock()

    def begin(self) -> None:
        """The session starts now."""
        self._began = self._clock()

    @property
    def seconds(self) -> float:
        """Seconds since the session began."""
        return self._clock() - self._began

    @property
    def now(self) -> int:
        """Milliseconds since the session began."""
        return int(self.seconds * 1000)


class InputPlaces:
    """Places of the input on the timeline: by the count of its samples, anchored anew after a gap or a burst."""

    def __init__(self) -> None:
        self._anchors: deque[tuple[float, int]] = deque([(0.0, 0)], maxlen=MOST_ANCHORS)
        """Seconds of input, and the milliseconds at which they stand."""

    def came(self, end: float, now: int, seconds: float = 0.0) -> None:
        """Input of so many `seconds` has just come whose last sample is the one before `end` (seconds of all input)."""
        if abs(self.milliseconds(end) - now) > DRIFT_MS:
            self._anchors.append((end - seconds, max(0, now - round(seconds * 1000))))

    def milliseconds(self, position: float) -> int:
        """The place of an input, by its seconds. What came before the oldest anchor counts from that."""
        at, milliseconds = self._anchors[max(self._index(position), 0)]
        return max(0, milliseconds + round((position - at) * 1000))

    def onset(self, position: float) -> int:
        """The place at which speech begins that is told from `position` on: with the quiet before it, which stands
        before a gap where the speech is the first that came after it."""
        here, first = self._index(position), self._index(position + ONSET_SECONDS)
        return self.milliseconds(position) if here == first else self._anchors[first][1]

    def _index(self, position: float) -> int:
        return bisect_right(self._anchors, position, key=lambda anchor: anchor[0]) - 1
