"""Storage quotas: count bytes, files still being written included."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from stts.errors import StorageFull

K = TypeVar("K", bound=Hashable)

HEADROOM = 0.01
"""Part of the quota freed beyond need, so that a full store is not searched again for every block written."""

MEASURE_SECONDS = 3.0
"""Between two looks whether somebody's room is used up in truth: each walks over all folders."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file in a folder."""

    path: Path
    size: int
    """Bytes."""
    modified_ns: int
    """Unix time in nanoseconds."""

    @property
    def modified(self) -> float:
        """Unix time."""
        return self.modified_ns / 1e9


def oldest(entries: Iterable[Entry], bytes_to_free: int) -> list[Entry]:
    """The oldest entries that together free `bytes_to_free`, or all."""
    chosen: list[Entry] = []
    for entry in sorted(entries, key=lambda entry: entry.modified_ns):
        if bytes_to_free <= 0:
            break
        chosen.append(entry)
        bytes_to_free -= entry.size
    return chosen


def older(entries: Iterable[Entry], moment: float) -> list[Entry]:
    """Entries last changed before `moment` (Unix time)."""
    return [entry for entry in entries if entry.modified < moment]


class Account(Generic[K]):
    """Counts bytes, of each kind or of each user. Safe to use from many threads."""

    def __init__(
        self,
        stored: Callable[[K], int],
        full: Callable[[K, int], str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`stored` measures what is on the disk of one of them; asked once for each, and again where that may have
        changed. `full` says that the bytes which one may take are taken."""
        self._stored = stored
        self._full = full
        self._kept: dict[K, int] = {}
        """Bytes of complete files, of those that were measured."""
        self._pending: Counter[K] = Counter()
        self._looked_at: dict[K, float] = {}
        """When it was last looked whether the room is used up in truth."""
        self._clock = clock
        self._lock = threading.Lock()

    def reserve(
        self, whose: K, size: int, quota: int | None, make_room: Callable[[int], int] = lambda too_many: 0
    ) -> None:
        """Takes bytes for a file that is being written. Raises StorageFull. `quota`: None: there is no bound.

        `make_room` is given the bytes that are too many, with some headroom, and returns how many it has freed.
        """
        with self._lock:
            if quota is not None:
                self._require_room(whose, size, quota, make_room)
            self._pending[whose] += size

    def _require_room(self, whose: K, size: int, quota: int, make_room: Callable[[int], int]) -> None:
        excess = self._total(whose) + size - quota
        if excess > 0 and self._clock() - self._looked_at.get(whose, -math.inf) >= MEASURE_SECONDS:
            # The operator may have removed files by hand.
            self._looked_at[whose] = self._clock()
            self._kept[whose] = self._stored(whose)
            excess = self._total(whose) + size - quota
        if excess > 0:
            self._kept[whose] -= make_room(excess + int(quota * HEADROOM))
            excess = self._total(whose) + size - quota
        if excess > 0:
            raise StorageFull(self._full(whose, quota))

    def book(self, whose: K, size: int, *, kept: bool) -> None:
        """The bytes of a writer are now a file, or are gone."""
        with self._lock:
            self._pending[whose] -= size
            if not self._pending[whose]:
                del self._pending[whose]
            if kept and whose in self._kept:
                self._kept[whose] += size

    def removed(self, whose: K) -> None:
        """Files are gone. What is left is measured when it is asked for: it may have been measured without them."""
        with self._lock:
            self._kept.pop(whose, None)

    def measure(self, whose: K) -> int:
        """Bytes of complete files, counted afresh: the operator may have added or removed some."""
        with self._lock:
            self._kept[whose] = self._stored(whose)
            return self._kept[whose]

    def _total(self, whose: K) -> int:
        if whose not in self._kept:
            self._kept[whose] = self._stored(whose)
        return self._kept[whose] + self._pending[whose]
