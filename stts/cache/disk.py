"""The second tier: files under `storage.root`, which outlast the server. The least recently used go first.

Which keys are there is known in memory, from a look at the folder, so that a miss waits for no disk. Where the bound
is reached, and for a removal, the folder is looked at again: other servers may write to it too. A disk that refuses a
write (full, read-only) is left alone for a while.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Set
from functools import partial
from pathlib import Path

import structlog

from stts.cache.disk_index import DiskIndex, Indexed
from stts.cache.files import CachedFile, CacheFiles
from stts.cache.statistics import Counts, Tally, TierName, TierState, TierStatistics
from stts.cache.stored import EVERYTHING, Label, Selection, Stored, pack, unpack
from stts.settings import CurrentSettings

FOLDER = "cache"
"""Below `storage.root`."""
REST_SECONDS = 30.0
"""A disk that refused a write gets the next one after so long."""
FREED = 0.05
"""Part of the bound that is freed beyond it, so that the folder is not looked at for each entry."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class DiskTier:
    """One for the process. Its blocking work is done in threads."""

    name: TierName = "disk"

    def __init__(self, root: Path, settings: CurrentSettings, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`root`: as `storage.root`."""
        self._files = CacheFiles(root / FOLDER)
        self._settings = settings
        self._monotonic = monotonic
        self._index = DiskIndex()
        self._is_known = False
        """The folder has been looked at."""
        self._looking = threading.Lock()
        """Held while it is."""
        self.on_written: Callable[[str, int], None] | None = None
        """Told of each file that was written, and its bytes of the disk; None where no other process reads here."""
        self._counts = Counts()
        self._rests_until = 0.0
        self._told = False
        """The log knows that the disk refuses."""

    @property
    def is_wanted(self) -> bool:
        return self._limit > 0

    @property
    def _limit(self) -> int:
        return self._settings().cache.disk_bytes

    @property
    def state(self) -> TierState:
        return "resting" if self._monotonic() < self._rests_until else "up"

    async def open(self) -> None:
        """Looks at the folder, so that from then on a miss waits for no disk."""
        if self.is_wanted and not self._is_known:
            await asyncio.to_thread(self._guarded, self._look, time.time())

    @property
    def hits(self) -> int:
        return self._counts.hits

    def may_have(self, key: str) -> bool:
        return not self._is_known or key in self._index

    async def get(self, key: str, now: float) -> Stored | None:
        return await asyncio.to_thread(self._get, key, now)

    async def put(self, key: str, entry: Stored, now: float) -> None:
        if self.state == "up":
            await asyncio.to_thread(self._guarded, self._put, key, entry, now)
            if self.on_written is not None and (size := self._index.size(key)) is not None:
                self.on_written(key, size)

    def written_by_another(self, key: str, size: int) -> None:
        """Another process has written a file."""
        self._index.note(key, size, None)

    def note_use(self, key: str) -> None:
        self._index.note_use(key)

    async def remove(self, selections: Set[Selection]) -> Mapping[Selection, int] | None:
        return await asyncio.to_thread(self._remove, selections)

    async def statistics(self, now: float) -> TierStatistics:
        return await asyncio.to_thread(self._statistics, now)

    async def close(self) -> None:
        """Nothing is open."""

    def _get(self, key: str, now: float) -> Stored | None:
        try:
            packed = self._files.read(key)
        except OSError:
            self._counts.failures += 1
            return None
        if packed is None:
            self._index.forget(key)
            return None
        entry = unpack(key, packed)
        if entry is None or not entry.is_fresh(now):
            self._counts.failures += entry is None
            self._guarded(self._drop, key)
            return None
        self._counts.hits += 1
        self._files.touch(key, now)
        self._index.touch(key)
        self._index.describe(key, entry.label)
        return entry

    def _put(self, key: str, entry: Stored, now: float) -> None:
        if not self._is_known:
            self._look(now)
        packed, limit = pack(key, entry), self._limit
        if len(packed) > limit:
            return
        self._index.note(key, self._files.write(key, packed), entry.label)
        if self._index.bytes > limit:
            self._make_room(limit * (1 - FREED), now)

    def _make_room(self, limit: float, now: float) -> None:
        for key in self._index.take_used():
            self._files.touch(key, now)
        self._look(now)
        while self._index.bytes > limit and (oldest := self._index.oldest()) is not None:
            self._drop(oldest)

    def _look(self, now: float) -> None:
        with self._looking:
            found: list[CachedFile] | None = None
            self._index.begin_look()
            try:
                found = self._files.scan(now)
            finally:
                self._index.end_look(found)
            self._is_known = True

    def _drop(self, key: str) -> None:
        # What cannot be removed is not offered either.
        self._index.forget(key)
        self._files.remove(key)

    def _remove(self, selections: Set[Selection]) -> Mapping[Selection, int] | None:
        is_through = self._guarded(self._look, time.time())
        counts: Counter[Selection] = Counter()
        for key, file in self._index.files():
            try:
                meant = [EVERYTHING] if EVERYTHING in selections else self._meant(key, file, selections)
            except OSError:
                self._counts.failures += 1
                is_through = False
                continue
            if meant and self._guarded(self._drop, key):
                counts.update(meant)
            elif meant:
                is_through = False
        return counts if is_through else None

    def _meant(self, key: str, file: Indexed, selections: Set[Selection]) -> list[Selection]:
        """Those of them that mean a file, which is read where nobody has read it yet."""
        label = file.label or self._read_label(key)
        return [] if label is None else [each for each in label.selections if each in selections]

    def _read_label(self, key: str) -> Label | None:
        entry = self._files.describe(key)
        if entry is None:
            return None
        self._index.describe(key, entry.label)
        return entry.label

    def _described(self, key: str) -> Stored | None:
        try:
            return self._files.describe(key)
        except OSError:
            self._counts.failures += 1
            return None

    def _statistics(self, now: float) -> TierStatistics:
        self._guarded(self._look, now)
        tally = Tally(now)
        for key, file in self._index.files():
            entry = self._described(key)
            if entry is not None:
                tally.add(entry, file.size)
        return TierStatistics(
            self.name,
            self.state,
            self._limit,
            entries=len(self._index),
            bytes=self._index.bytes,
            hits=self.hits,
            failures=self._counts.failures,
            shares=tally.shares,
        )

    def _guarded(self, work: Callable[..., None], *arguments: object) -> bool:
        """False where the disk refuses: it then rests from writes, and the log tells it once."""
        try:
            partial(work, *arguments)()
        except OSError as error:
            self._counts.failures += 1
            self._rests_until = self._monotonic() + REST_SECONDS
            if not self._told:
                log.warning("cache_disk_failed", reason=error.strerror)
            self._told = True
            return False
        if work == self._put:
            self._told = False
        return True
