"""The second tier: files under `storage.root`, which outlast the server. The least recently used go first.

Which keys are there is known in memory, from a look at the folder, so that a miss waits for no disk. Where the bound
is reached, the folder is looked at again: other servers may write to it too. A disk that refuses a write (full,
read-only) is left alone for a while.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from pathlib import Path

import structlog

from stts.cache.files import CacheFiles
from stts.cache.statistics import Counts, Tally, TierState, TierStatistics
from stts.cache.stored import EVERYTHING, Selection, Stored, pack, unpack
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

    def __init__(self, root: Path, settings: CurrentSettings, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`root`: as `storage.root`."""
        self._files = CacheFiles(root / FOLDER)
        self._settings = settings
        self._monotonic = monotonic
        self._lock = threading.Lock()
        """Held where the next three are changed."""
        self._sizes: OrderedDict[str, int] = OrderedDict()
        """Bytes of each file by its key, the one that was used longest ago first."""
        self._bytes = 0
        self._is_known = False
        """The folder has been looked at."""
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

    def may_have(self, key: str) -> bool:
        return not self._is_known or key in self._sizes

    async def get(self, key: str, now: float) -> Stored | None:
        return await asyncio.to_thread(self._get, key, now)

    async def put(self, key: str, entry: Stored, now: float) -> None:
        if self.state == "up":
            await asyncio.to_thread(self._guarded, self._put, key, entry, now)

    async def remove(self, selection: Selection) -> int:
        return await asyncio.to_thread(self._remove, selection)

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
            self._forget(key)
            return None
        entry = unpack(key, packed)
        if entry is None or not entry.is_fresh(now):
            self._counts.failures += entry is None
            self._guarded(self._drop, key)
            return None
        self._counts.hits += 1
        self._files.touch(key, now)
        with self._lock:
            if key in self._sizes:
                self._sizes.move_to_end(key)
        return entry

    def _put(self, key: str, entry: Stored, now: float) -> None:
        if not self._is_known:
            self._look(now)
        packed, limit = pack(key, entry), self._limit
        if len(packed) > limit:
            return
        self._note(key, self._files.write(key, packed))
        if self._bytes > limit:
            self._look(now)
            while self._bytes > limit * (1 - FREED) and self._sizes:
                self._drop(self._oldest())

    def _look(self, now: float) -> None:
        found = self._files.scan(now)
        with self._lock:
            self._sizes = OrderedDict((file.key, file.size) for file in found)
            self._bytes = sum(file.size for file in found)
            self._is_known = True

    def _note(self, key: str, size: int) -> None:
        with self._lock:
            self._bytes += size - self._sizes.pop(key, 0)
            self._sizes[key] = size

    def _forget(self, key: str) -> None:
        with self._lock:
            self._bytes -= self._sizes.pop(key, 0)

    def _oldest(self) -> str:
        with self._lock:
            return next(iter(self._sizes))

    def _known(self) -> list[tuple[str, int]]:
        with self._lock:
            return list(self._sizes.items())

    def _drop(self, key: str) -> None:
        # What cannot be removed is not offered either.
        self._forget(key)
        self._files.remove(key)

    def _remove(self, selection: Selection) -> int:
        self._guarded(self._look, time.time())
        gone = [key for key, _ in self._known() if selection == EVERYTHING or self._is_meant(key, selection)]
        return sum([self._guarded(self._drop, key) for key in gone])

    def _is_meant(self, key: str, selection: Selection) -> bool:
        entry = self._described(key)
        return entry is not None and selection.takes(entry)

    def _described(self, key: str) -> Stored | None:
        try:
            return self._files.describe(key)
        except OSError:
            self._counts.failures += 1
            return None

    def _statistics(self, now: float) -> TierStatistics:
        self._guarded(self._look, now)
        tally = Tally(now)
        for key, size in self._known():
            entry = self._described(key)
            if entry is not None:
                tally.add(entry, size)
        return TierStatistics(
            "disk",
            self.state,
            self._limit,
            entries=len(self._sizes),
            bytes=self._bytes,
            hits=self._counts.hits,
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
