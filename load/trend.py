"""Trend of a series: Theil-Sen's slope, which outliers do not move, and bounds between which it surely lies. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

CERTAIN = 2.576
"""Standard deviations of 99 % certainty: of a hundred flat series one looks as if it rose or fell."""
FEWEST = 8
"""Points below which nothing is certain."""
HOUR = 3600.0
LONG = 0.75 * HOUR
"""From here on a rise an hour can be told from caches that still fill."""

Point = tuple[float, float]
"""Seconds, and a value."""


@dataclass(frozen=True, slots=True)
class Trend:
    """Slopes are of the value a second."""

    slope: float
    low: float
    high: float
    seconds: float
    """From the first point to the last."""

    @property
    def certain_rise(self) -> float:
        """By how much the value has risen at least, over all of the series."""
        return max(0.0, self.low) * self.seconds


@dataclass(frozen=True, slots=True)
class Bound:
    """A rise that is allowed: so much an hour; in a series too short for that, so much at all."""

    an_hour: float
    at_all: float

    def allowed(self, seconds: float) -> float:
        return self.an_hour * seconds / HOUR if seconds >= LONG else self.at_all

    def holds(self, trend: Trend) -> bool:
        return trend.certain_rise <= self.allowed(trend.seconds)


def trend(points: Sequence[Point]) -> Trend:
    """The median of the slopes between all pairs, with the bounds that Sen gives (1968) by the variance of Kendall's S.

    With few points the bounds are infinite. Points are in the order of their times, which differ.
    """
    slopes = sorted(
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for place, earlier in enumerate(points)
        for later in points[place + 1 :]
    )
    count = len(points)
    seconds = points[-1][0] - points[0][0] if points else 0.0
    if count < FEWEST:
        return Trend(median(slopes) if slopes else 0.0, -math.inf, math.inf, seconds)
    spread = CERTAIN * math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    low = max(0, math.floor((len(slopes) - spread) / 2))
    high = min(len(slopes) - 1, math.ceil((len(slopes) + spread) / 2))
    return Trend(median(slopes), slopes[low], slopes[high], seconds)
