"""A histogram of durations that merges: fixed logarithmic bounds, so that any two can be added up."""

from __future__ import annotations

import math

GROWTH = 1.2
"""Each bound is this many times the one before: a percentile is at most 10 % off."""
SMALLEST = 0.0001
"""Seconds; whatever is shorter counts as this."""
LOG_GROWTH = math.log(GROWTH)
BUCKETS = 100
LARGEST = SMALLEST * GROWTH**BUCKETS
"""Seconds, over two hours; whatever is longer counts as this."""


class Histogram:
    """Seconds. Sparse: a minute of steady service fills a handful of buckets."""

    __slots__ = ("counts",)

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}
        """Bucket -> values in it."""

    def add(self, seconds: float) -> None:
        seconds = SMALLEST if seconds < SMALLEST else min(seconds, LARGEST)
        bucket = min(int(math.log(seconds / SMALLEST) / LOG_GROWTH), BUCKETS - 1)
        self.counts[bucket] = self.counts.get(bucket, 0) + 1

    def merge(self, other: Histogram) -> None:
        for bucket, count in other.counts.items():
            self.counts[bucket] = self.counts.get(bucket, 0) + count

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def quantile(self, part: float) -> float | None:
        """Seconds that this part, 0..1, of the values does not exceed; None without values."""
        rank = max(1, math.ceil(part * self.total))
        below = 0
        for bucket in sorted(self.counts):
            below += self.counts[bucket]
            if below >= rank:
                # The middle of a bucket on the logarithmic scale.
                return float(SMALLEST * GROWTH ** (bucket + 0.5))
        return None
