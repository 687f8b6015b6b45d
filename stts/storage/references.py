"""Reference recordings as voices: found by id or by bare name, those put into the folder by hand as well."""

from __future__ import annotations

from itertools import islice

from stts.engine_api import Voice
from stts.errors import Conflict
from stts.storage.folder import Folder
from stts.storage.kinds import MEDIA_TYPES, kind_of
from stts.storage.names import extension, normal_form, stem
from stts.storage.records import StoredFile

MOST_LISTED = 1000


class References:
    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def voice(self, name_or_id: str) -> Voice | None:
        """`anna`, `anna.wav`, and `anna.wav` where only `anna.mp3` is there."""
        stored = self._folder.find(name_or_id) if kind_of(name_or_id) else self._by_name(normal_form(name_or_id))
        return _voice(stored) if stored else None

    def voices(self) -> list[Voice]:
        return [_voice(stored) for stored in islice(self._folder.described(), MOST_LISTED)]

    def require_free(self, name: str) -> None:
        """Raises Conflict where a voice of this name would be two. Letter case does not tell voices apart."""
        wanted = stem(name).casefold()
        if any(stem(entry.path.name).casefold() == wanted for entry in self._folder.entries()):
            raise Conflict("There is a reference of this name already; delete it first.", param="name")

    def _by_name(self, name: str) -> StoredFile | None:
        stems = {name, stem(name)} if extension(name) in MEDIA_TYPES else {name}
        entries = self._folder.entries()
        exact = [entry for entry in entries if normal_form(entry.path.name) == name]
        by_stem = [entry for entry in entries if stem(normal_form(entry.path.name)) in stems]
        return next((stored for stored in map(self._folder.describe, exact + by_stem) if stored), None)


def _voice(stored: StoredFile) -> Voice:
    return Voice(stored.path.name, stem(stored.path.name), reference=str(stored.path))
