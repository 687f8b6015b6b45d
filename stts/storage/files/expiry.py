"""Removes stored files that are past their age: outputs and uploads, and leftovers of crashes and broken uploads."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import structlog

from stts.errors import InvalidParameter
from stts.settings import CurrentSettings
from stts.storage.files.folder import Folder, entry_or_none
from stts.storage.files.kinds import Kind
from stts.storage.files.quota import Entry, older

HOUR = 3600.0

Expiring = Literal["outputs", "uploads", "temporary"]

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Cleanup:
    """Number and bytes of what was removed, or would be."""

    files: int
    bytes: int


class Expiry:
    """Looks at the disk each time."""

    def __init__(
        self,
        folders: Mapping[Kind, Folder],
        temporary: Path,
        being_written: Container[Path],
        remove: Callable[[Kind, Sequence[Entry]], Sequence[Entry]],
        settings: CurrentSettings,
        clock: Callable[[], float],
    ) -> None:
        """`temporary`: the folder of files that are not complete. `remove` keeps the account of stored ones, and tells
        which it has removed: another removal may be faster.
        `clock`: Unix time in seconds."""
        self._folders = folders
        self._temporary = temporary
        self._being_written = being_written
        self._remove = remove
        self._settings = settings
        self._clock = clock

    def expire(self) -> Cleanup:
        """Removes outputs and leftovers. A disk that refuses is logged and left for the next time."""
        try:
            return self.cleanup(("outputs", "temporary"))
        except OSError as error:
            log.warning("cleanup_failed", reason=error.strerror)
            return Cleanup(0, 0)

    def cleanup(
        self, kinds: Sequence[Expiring], *, max_age_hours: float | None = None, dry_run: bool = False
    ) -> Cleanup:
        """Removes, or only counts, what `_expired` finds. Raises InvalidParameter."""
        chosen = {kind: self._expired(kind, max_age_hours) for kind in dict.fromkeys(kinds)}
        if not dry_run:
            chosen = {kind: self._removed(kind, found) for kind, found in chosen.items()}
        entries = [entry for found in chosen.values() for entry in found]
        return Cleanup(len(entries), sum(entry.size for entry in entries))

    def _removed(self, kind: Expiring, found: Sequence[Entry]) -> Sequence[Entry]:
        return self._remove(kind, found) if kind != "temporary" else [entry for entry in found if _is_removed(entry)]

    def _expired(self, kind: Expiring, max_age_hours: float | None) -> Sequence[Entry]:
        """Entries older than `max_age_hours`, or than the settings say; temporary files always go by the settings.

        Raises InvalidParameter for uploads without an age.
        """
        now, storage = self._clock(), self._settings().storage
        if kind == "temporary":
            return older(self._leftovers(), now - storage.temp_hours * HOUR)
        if max_age_hours is None and kind == "uploads":
            raise InvalidParameter("Uploads do not expire by themselves: say how old.", param="max_age_hours")
        hours = storage.output_hours if max_age_hours is None else max_age_hours
        return older(self._folders[kind].entries(), now - hours * HOUR)

    def _leftovers(self) -> Sequence[Entry]:
        halves = (
            entry_or_none(path)
            for path in self._temporary.glob("*")
            if path.is_file() and path not in self._being_written
        )
        hidden = [entry for folder in self._folders.values() for entry in folder.leftovers()]
        return [*hidden, *(entry for entry in halves if entry)]


def _is_removed(entry: Entry) -> bool:
    """Removes it. False where somebody else was faster."""
    try:
        entry.path.unlink()
    except FileNotFoundError:
        return False
    return True
