"""The first tier: entries in the memory of this process, the least recently used go first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator

from stts.cache.stored import Selection, Stored


class MemoryTier:
    """Bounded by bytes. Everything returns at once."""

    def __init__(self, limit_bytes: Callable[[], int]) -> None:
        """`limit_bytes`: of this moment; 0 keeps nothing."""
        self._limit_bytes = limit_bytes
        self._entries: OrderedDict[str, Stored] = OrderedDict()
        self.bytes = 0
        self.hits = 0

    def get(self, key: str, now: float) -> Stored | None:
        """`now`: Unix time."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if not entry.is_fresh(now):
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        self.hits += 1
        return entry

    def put(self, key: str, entry: Stored) -> None:
        """An entry that alone is larger than the tier is not kept."""
        self._drop(key)
        limit = self._limit_bytes()
        if entry.size > limit:
            return
        self._entries[key] = entry
        self.bytes += entry.size
        while self.bytes > limit:
            self._drop(next(iter(self._entries)))

    def remove(self, selection: Selection) -> int:
        """Removes entries, and tells how many they were."""
        gone = [key for key, entry in self._entries.items() if selection.takes(entry)]
        for key in gone:
            self._drop(key)
        return len(gone)

    def discard(self, key: str) -> None:
        """Removes one, where it is there."""
        self._drop(key)

    def entries(self) -> Iterator[tuple[Stored, int]]:
        """Each with its bytes."""
        return ((entry, entry.size) for entry in self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.bytes -= entry.size
