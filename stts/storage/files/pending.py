"""Files that have an id already and are not there: they are still being written, or could not be kept."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from stts.access.viewer import Viewer
from stts.errors import NotCompleteYet, StorageFull

RETRY_SECONDS = 1.0
"""Seconds after which a client may ask again for a file that is still being written."""
MOST_LOST = 1000
"""Most lost files whose reason is remembered."""


class Pending:
    """Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._written: dict[Path, tuple[str, str | None]] = {}
        """Temporary path -> id and owner of the file to come."""
        self._lost: dict[str, tuple[str | None, StorageFull]] = {}

    def __contains__(self, temporary: object) -> bool:
        """True for the path of a file that is being written."""
        return temporary in self._written

    def begin(self, temporary: Path, id: str, owner: str | None) -> None:
        self._written[temporary] = id, owner

    def end(self, temporary: Path) -> None:
        self._written.pop(temporary, None)

    def lose(self, id: str, owner: str | None, reason: StorageFull) -> None:
        """Remembers why a file does not exist; the oldest are forgotten."""
        with self._lock:
            self._lost[id] = owner, reason
            if len(self._lost) > MOST_LOST:
                del self._lost[next(iter(self._lost))]

    def is_being_written(self, id: str, viewer: Viewer) -> bool:
        return any(each == id and viewer.sees(owner) for each, owner in list(self._written.values()))

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
