"""Files that have an id already and are not there: they are still being written, or could not be kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from stts.access.viewer import Viewer
from stts.errors import NotCompleteYet, StorageFailed, StorageFull

RETRY_SECONDS = 1.0
"""Seconds after which a client may ask again for a file that is still being written."""
MOST_LOST = 1000
"""Most lost files whose reason is remembered."""


@dataclass(frozen=True, slots=True)
class _Coming:
    """A file to come."""

    id: str
    owner: str | None
    began: float


class Pending:
    """Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._written: dict[Path, _Coming] = {}
        """By temporary path."""
        self._unwanted: set[Path] = set()
        """Those whose owner has had its data removed meanwhile."""
        self._lost: dict[str, tuple[str | None, StorageFull]] = {}

    def __contains__(self, temporary: object) -> bool:
        """True for the path of a file that is being written."""
        return temporary in self._written

    def begin(self, temporary: Path, id: str, owner: str | None, began: float) -> None:
        """`began`: Unix time."""
        self._written[temporary] = _Coming(id, owner, began)

    def end(self, temporary: Path) -> None:
        with self._lock:
            self._written.pop(temporary, None)
            self._unwanted.discard(temporary)

    def give_up(self, owners: Mapping[str, float]) -> None:
        """Nothing of these users that was begun before a moment, each one's of its own (Unix time), is to be kept."""
        with self._lock:
            for temporary, coming in list(self._written.items()):
                if coming.owner is not None and coming.began < owners.get(coming.owner, -math.inf):
                    self._unwanted.add(temporary)

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
