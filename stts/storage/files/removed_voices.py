"""Removal of voices: what was derived from their recordings goes with them, and whoever holds more of them is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from stts.storage.files.derived import DerivedFiles
from stts.storage.files.folder import Folder
from stts.storage.files.quota import Entry
from stts.storage.files.records import StoredFile
from stts.storage.files.references import References

RemovedVoice = Callable[[StoredFile, str], None]
"""Called in a thread with a voice that was removed, and the digest of its recording (empty for a blend)."""


class VoiceRemoval:
    """Blocking; safe to use from many threads."""

    def __init__(self, folder: Folder, references: References, derived: DerivedFiles) -> None:
        self._folder = folder
        self._references = references
        self._derived = derived
        self.on_removed: list[RemovedVoice] = []

    def remove(self, entries: Sequence[Entry], remove: Callable[[Sequence[Entry]], Sequence[Entry]]) -> Sequence[Entry]:
        """Those that `remove` has removed: another removal may be faster."""
        known = [(entry, stored) for entry in entries if (stored := self._folder.describe(entry))]
        digests = [self._digest(stored) for _, stored in known]
        removed = remove(entries)
        for (entry, stored), digest in zip(known, digests, strict=True):
            if entry in removed:
                self._derived.remove(stored.id)
                for tell in self.on_removed:
                    tell(stored, digest)
        return removed

    def sweep(self) -> None:
        """Removes what was derived of voices that somebody has removed by hand. A disk that refuses is left for the
        next time."""
        with suppress(OSError):
            self._derived.sweep({stored.id for stored in self._folder.described()})

    def _digest(self, stored: StoredFile) -> str:
        """Read only where somebody is to be told of it."""
        return self._references.digest(stored) if self.on_removed and not stored.is_blend else ""
