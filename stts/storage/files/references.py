"""Reference recordings as voices: found by id or by bare name, those put into the folder by hand as well."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import replace
from itertools import islice
from pathlib import Path

from stts.engine_api import Voice
from stts.errors import Conflict
from stts.storage.files.folder import Folder
from stts.storage.files.kinds import kind_of
from stts.storage.files.names import cleaned, same_voice, stem
from stts.storage.files.quota import Entry
from stts.storage.files.records import StoredFile

MOST_LISTED = 1000


class References:
    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._digests: OrderedDict[tuple[str, int, int], str] = OrderedDict()
        """Path, size and time of a recording -> SHA-256 of its content."""

    def voice(self, name_or_id: str) -> Voice | None:
        """`anna`, `anna.wav`, and `anna.wav` where only `anna.mp3` is there; an id before a name that looks so."""
        stored = self._folder.find(name_or_id) if kind_of(name_or_id) else None
        stored = stored or self._by_name(name_or_id)
        return replace(_voice(stored), digest=self._digest(stored.path)) if stored else None

    def voices(self) -> list[Voice]:
        """All of them, up to a bound, without their digests: no recording is read for a list."""
        return [_voice(stored) for stored in islice(self._folder.described(), MOST_LISTED)]

    def require_free(self, name: str) -> None:
        """Raises Conflict where a voice of this name would be two. Letter case does not tell voices apart."""
        wanted = same_voice(name)
        if any(same_voice(entry.path.name) == wanted for entry in self._folder.entries()):
            raise Conflict("There is a reference of this name already; delete it first.", param="name")

    def _digest(self, path: Path) -> str:
        """Empty where the recording has just gone, or cannot be read: whoever speaks with it will say so."""
        try:
            status = path.stat()
            known = str(path), status.st_size, status.st_mtime_ns
            if known not in self._digests:
                with path.open("rb") as file:
                    self._digests[known] = hashlib.file_digest(file, "sha256").hexdigest()
                while len(self._digests) > MOST_LISTED:
                    self._digests.popitem(last=False)
            return self._digests[known]
        except OSError:
            return ""

    def _by_name(self, name: str) -> StoredFile | None:
        """Finds a reference: the exact name first, then the bare name, then any spelling of it."""
        wanted, voice = cleaned(name), same_voice(name)
        found = [entry for entry in self._folder.entries() if same_voice(entry.path.name) == voice]

        def distance(entry: Entry) -> int:
            own = cleaned(entry.path.name)
            return 0 if own == wanted else 1 if stem(own) in (wanted, stem(wanted)) else 2

        described = map(self._folder.describe, sorted(found, key=distance))
        return next((stored for stored in described if stored), None)


def _voice(stored: StoredFile) -> Voice:
    return Voice(stored.path.name, stem(stored.path.name), reference=str(stored.path))
