"""The operations of late, one by one: the newest, those that failed, and the slowest of each hour. Bounded, in memory.

They hold names, codes and numbers, never what was said.
"""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from stts.analytics.cause import slowness
from stts.analytics.record import OperationRecord
from stts.context import RequestType

NEWEST = 500
"""Operations that are kept whatever became of them."""
FAILED = 250
SLOWEST = 25
"""Operations of each hour that are kept for being its slowest."""
HOURS = 24


@dataclass(frozen=True, slots=True, order=True)
class RecentOperation:
    """One that has ended; ordered by how long somebody waited for it."""

    waited: float
    """Seconds, as `stts/analytics/cause.py` counts them."""
    number: int
    """How many had ended before it."""
    ended: float = field(compare=False)
    """Unix time."""
    record: OperationRecord = field(compare=False)


class RecentOperations:
    """A RecordWriter (`stts/analytics/record.py`). `now` gives Unix time."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._count = 0
        self._newest: deque[RecentOperation] = deque(maxlen=NEWEST)
        self._failed: deque[RecentOperation] = deque(maxlen=FAILED)
        self._hours: deque[tuple[int, list[RecentOperation]]] = deque(maxlen=HOURS)
        """Each hour with a heap of its slowest."""

    def operation_started(self, request_type: RequestType) -> None:
        """Only what has ended is kept."""

    def operation_finished(self, record: OperationRecord) -> None:
        self._count += 1
        ended = self._now()
        operation = RecentOperation(slowness(record), self._count, ended, record)
        self._newest.append(operation)
        if record.status == "error":
            self._failed.append(operation)
        elif record.urgency != "background":
            self._keep_slow(operation, int(ended // 3600))

    def kept(self) -> Sequence[RecentOperation]:
        """All that are kept, the newest first."""
        each = {operation.number: operation for operation in self._each()}
        return [each[number] for number in sorted(each, reverse=True)]

    def _each(self) -> Iterator[RecentOperation]:
        yield from self._newest
        yield from self._failed
        oldest = self._now() - HOURS * 3600
        for _, slowest in self._hours:
            yield from (operation for operation in slowest if operation.ended >= oldest)

    def _keep_slow(self, operation: RecentOperation, hour: int) -> None:
        # A clock that is set back must not open an hour before the last one.
        if not self._hours or hour > self._hours[-1][0]:
            self._hours.append((hour, []))
        slowest = self._hours[-1][1]
        if len(slowest) < SLOWEST:
            heapq.heappush(slowest, operation)
        elif operation > slowest[0]:
            heapq.heapreplace(slowest, operation)
