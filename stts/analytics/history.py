"""History of operations, minute by minute, in memory only and bounded.

Written by the analytics stage, read by the routes of analytics. Reading a long history gives way to the event loop
between minutes; what lies behind the current minute does not change any more.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Hashable
from dataclasses import dataclass, field
from typing import TypeVar

from stts.analytics.cause import Cause, cause
from stts.analytics.histogram import Histogram
from stts.analytics.record import Labels, OperationRecord
from stts.context import RequestType

Key = TypeVar("Key", bound=Hashable)

OTHER = "other"
"""The label of what came after a minute was full of different labels."""
MINUTE_SERIES = 64
"""Different labels of one minute; further ones are counted together by type."""
HISTORY_SERIES = 30_000
"""Labels of all minutes, about 1 KB each; beyond, the oldest minutes are forgotten."""


NOT_SLOW: frozenset[Cause] = frozenset({"quick", "left", "failed"})


@dataclass(frozen=True, slots=True)
class Slow:
    """Operations that were slow for one cause."""

    count: int
    longest: float
    """Seconds that the slowest of them spent on it."""

    def and_more(self, other: Slow) -> Slow:
        return Slow(self.count + other.count, max(self.longest, other.longest))


@dataclass(slots=True)
class Tally:
    """Sums over operations. Durations, and what was slow, are of those that somebody waited for."""

    operations: int = 0
    completed: int = 0
    cancelled: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    """Machine code -> how many."""
    audio_seconds: float = 0.0
    characters: int = 0
    bytes: int = 0
    background: int = 0
    """How many were items of jobs and batches, or of keys for such work."""
    slow: dict[Cause, Slow] = field(default_factory=dict)
    queue: Histogram = field(default_factory=Histogram)
    """Waiting for a free place; that an engine was loaded meanwhile is not counted."""
    load: Histogram = field(default_factory=Histogram)
    """Waiting until an engine was loaded, of those that had to."""
    first_item: Histogram = field(default_factory=Histogram)
    total: Histogram = field(default_factory=Histogram)

    def add(self, record: OperationRecord) -> None:
        self.operations += 1
        self.completed += record.status == "completed"
        self.cancelled += record.status == "cancelled"
        if record.code is not None:
            self.errors[record.code] = self.errors.get(record.code, 0) + 1
        self.audio_seconds += record.seconds_in + record.seconds_out
        self.characters += record.characters
        self.bytes += record.bytes
        if record.urgency == "background":
            self.background += 1
        else:
            self._add_times(record)

    def _add_times(self, record: OperationRecord) -> None:
        load = record.course.load
        for histogram, seconds in (
            (self.queue, None if record.queue is None else max(0.0, record.queue - load)),
            (self.load, load or None),
            (self.first_item, record.first_item),
            (self.total, record.total),
        ):
            if seconds is not None:
                histogram.add(seconds)
        why, seconds = cause(record)
        if why not in NOT_SLOW:
            self._add_slow(why, Slow(1, seconds))

    def _add_slow(self, why: Cause, more: Slow) -> None:
        known = self.slow.get(why)
        self.slow[why] = more if known is None else known.and_more(more)

    def merge(self, other: Tally) -> None:
        self.operations += other.operations
        self.completed += other.completed
        self.cancelled += other.cancelled
        for code, count in other.errors.items():
            self.errors[code] = self.errors.get(code, 0) + count
        self.audio_seconds += other.audio_seconds
        self.characters += other.characters
        self.bytes += other.bytes
        self.merge_times(other)

    def merge_times(self, other: Tally) -> None:
        """Adds what only memory knows: how long it took, and why."""
        self.background += other.background
        for why, more in other.slow.items():
            self._add_slow(why, more)
        self.queue.merge(other.queue)
        self.load.merge(other.load)
        self.first_item.merge(other.first_item)
        self.total.merge(other.total)


@dataclass(frozen=True, slots=True)
class Minute:
    number: int
    """Unix time in whole minutes."""
    series: dict[Labels, Tally] = field(default_factory=dict)


Others = Callable[[int, int], AsyncIterator[tuple[int, Labels, Tally]]]
"""Gives the minutes between two, these included, of other processes."""


class History:
    """The last minutes. `now` gives Unix time."""

    def __init__(self, minutes: int, now: Callable[[], float] = time.time) -> None:
        self.minutes = minutes
        self.now = now
        self.since = now()
        self.others: Others | None = None
        """Gives what other processes of this server have; None where there are none."""
        self._minutes: deque[Minute] = deque()
        self._series = 0

    def operation_started(self, request_type: RequestType) -> None:
        """Only what has ended is history."""

    def operation_finished(self, record: OperationRecord) -> None:
        minute = self._current()
        labels = record.labels
        tally = minute.series.get(labels)
        if tally is None:
            if len(minute.series) >= MINUTE_SERIES:
                labels = Labels(labels.type, OTHER, OTHER, OTHER, OTHER, OTHER)
            self._series += labels not in minute.series
            tally = minute.series.setdefault(labels, Tally())
        tally.add(record)

    async def group(self, window: float, key: Callable[[int, Labels], Key]) -> dict[Key, Tally]:
        """Sums of the last `window` seconds, in whole minutes with the current one, by any key of minute and labels."""
        first = self.first_minute(window)
        groups: dict[Key, Tally] = {}
        for minute in self.kept(first, self.minute()):
            for labels, tally in minute.series.items():
                groups.setdefault(key(minute.number, labels), Tally()).merge(tally)
            await asyncio.sleep(0)
        if self.others is not None:
            async for number, labels, tally in self.others(first, self.minute()):
                groups.setdefault(key(number, labels), Tally()).merge(tally)
        return groups

    def kept(self, first: int, last: int) -> list[Minute]:
        """The minutes that are in memory here, of these."""
        return [minute for minute in self._minutes if first <= minute.number <= last]

    def first_minute(self, window: float) -> int:
        """The oldest minute that a window of so many seconds reaches."""
        return self.minute() - self.covered(window) // 60 + 1

    def covered(self, window: float) -> int:
        """Seconds that are looked at for a window: whole minutes with the current one, at most the history."""
        return 60 * min(max(1, -int(-window // 60)), self.minutes)

    def minute(self) -> int:
        return int(self.now() // 60)

    def _current(self) -> Minute:
        number = self.minute()
        # A clock that is set back must not open a minute before the last one.
        if not self._minutes or number > self._minutes[-1].number:
            self._minutes.append(Minute(number))
            self._forget(number)
        return self._minutes[-1]

    def _forget(self, current: int) -> None:
        while self._minutes[0].number <= current - self.minutes or (
            self._series > HISTORY_SERIES - MINUTE_SERIES and len(self._minutes) > 1
        ):
            self._series -= len(self._minutes.popleft().series)
