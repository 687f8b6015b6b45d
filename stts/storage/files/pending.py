"""Files that have an id already and are not there: they are still being written, or could not be kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from threading import Lock

from stts.access.viewer import Viewer
from stts.errors import NotCompleteYet, StorageFailed, StorageFull
from stts.storage.files.records import Incoming

RETRY_SECONDS = 1.0
"""Seconds after which a client may ask again for a file that is still being written."""
MOST_LOST = 1000
"""Most lost files whose reason is remembered."""


class Pending:
    """Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._written: dict[Path, Incoming] = {}
        """By temporary path."""
        self._unwanted: set[Path] = set()
        """Those whose owner has had its data removed since they began."""
        self._removed: dict[str, float] = {}
        """Each user whose data was removed, with the moment before which it began nothing that is kept (Unix time)."""
        self._lost: dict[str, tuple[str | None, StorageFull]] = {}

    def __contains__(self, temporary: object) -> bool:
        """True for the path of a file that is being written."""
        return temporary in self._written

    def begin(self, temporary: Path, coming: Incoming) -> None:
        """A file is written from now on. The operation that makes it may have begun before a removal of a while ago."""
        with self._lock:
            self._written[temporary] = coming
            if _is_of_before(coming, self._removed):
                self._unwanted.add(temporary)

    def end(self, temporary: Path) -> None:
        with self._lock:
            self._written.pop(temporary, None)
            self._unwanted.discard(temporary)

    def give_up(self, owners: Mapping[str, float], now: float) -> None:
        """Nothing of these users that was begun before a moment, each one's of its own, is to be kept, nor what an
        operation creates later that began before it. Unix time; `now`, where the moment is to come."""
        with self._lock:
            for owner, at in owners.items():
                self._removed[owner] = max(self._removed.get(owner, -math.inf), min(at, now))
            self._unwanted |= {path for path, coming in self._written.items() if _is_of_before(coming, owners)}

    def require_wanted(self, temporary: Path) -> None:
        """Raises StorageFailed for a file that is not to be kept."""
        if temporary in self._unwanted:
            raise StorageFailed("The data of this user was removed meanwhile.")

    def lose(self, id: str, owner: str | None, reason: StorageFull) -> None:
        """Remembers why a file does not exist; the oldest are forgotten."""
        with self._lock:
            self._lost[id] = owner, reason
            if len(self._lost) > MOST_LOST:
                del self._lost[next(iter(self._lost))]

    def is_being_written(self, id: str, viewer: Viewer) -> bool:
        return any(coming.id == id and viewer.sees(coming.owner) for coming in list(self._written.values()))

    def explain(self, id: str, viewer: Viewer, *, is_being_written: bool) -> None:
        """Raises StorageFull and StorageFailed with the reason for a file that could not be kept, and NotCompleteYet
        for one that is being written."""
        owner, reason = self._lost.get(id, (None, None))
        if reason is not None and viewer.sees(owner):
            raise type(reason)(f"This file was not kept: {reason.message}", param="id")
        if is_being_written:
            raise NotCompleteYet(
                "This file is there when the stream that it is kept from has ended.",
                param="id",
                retry_after=RETRY_SECONDS,
            )


def _is_of_before(coming: Incoming, moments: Mapping[str, float]) -> bool:
    """True if it began before the moment of its owner."""
    return coming.owner is not None and coming.began < moments.get(coming.owner, -math.inf)
