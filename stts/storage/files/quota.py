"""Storage quota: counts the bytes of each kind, files still being written included."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from stts.errors import StorageFull
from stts.storage.files.kinds import KINDS, Kind

HEADROOM = 0.01
"""Part of the quota freed beyond need, so that a full store is not searched again for every block written."""


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


class Account:
    """Counts bytes per kind. Safe to use from many threads."""

    def __init__(self, stored: Callable[[Kind], int]) -> None:
        """`stored` measures what is on the disk; asked once per kind, and again by `measure`."""
        self._stored = stored
        self._kept: dict[Kind, int] = {}
        self._pending = dict.fromkeys(KINDS, 0)
        self._lock = threading.Lock()

    def reserve(self, kind: Kind, size: int, quota: int, make_room: Callable[[int], int]) -> None:
        """Takes bytes for a file that is being written. Raises StorageFull.

        `make_room` is given the bytes that are too many, with some headroom, and returns how many it has freed.
        """
        with self._lock:
            excess = self._total(kind) + size - quota
            if excess > 0:
                # The operator may have removed files by hand.
                self._kept[kind] = self._stored(kind)
                excess = self._total(kind) + size - quota
            if excess > 0:
                self._kept[kind] -= make_room(excess + int(quota * HEADROOM))
                excess = self._total(kind) + size - quota
            if excess > 0:
                raise StorageFull(f"The quota of kind {kind} is reached: {quota} bytes. Delete files first.")
            self._pending[kind] += size

    def book(self, kind: Kind, size: int, *, kept: bool) -> None:
        """The bytes of a writer are now a file, or are gone."""
        with self._lock:
            self._pending[kind] -= size
            if kept:
                self._kept[kind] = self._kept_bytes(kind) + size

    def removed(self, kind: Kind, size: int) -> None:
        with self._lock:
            self._kept[kind] = max(0, self._kept_bytes(kind) - size)

    def measure(self, kind: Kind) -> int:
        """Bytes of complete files, counted afresh: the operator may have added or removed some."""
        with self._lock:
            self._kept[kind] = self._stored(kind)
            return self._kept[kind]

    def _total(self, kind: Kind) -> int:
        return self._kept_bytes(kind) + self._pending[kind]

    def _kept_bytes(self, kind: Kind) -> int:
        if kind not in self._kept:
            self._kept[kind] = self._stored(kind)
        return self._kept[kind]
