"""Reference recordings as voices: found by id or by bare name, those put into the folder by hand as well.

A name is looked for among the caller's own voices, then among everybody's; the same name of another user is another
voice.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from stts.access.viewer import SERVER, Viewer
from stts.engine_api import Voice
from stts.errors import Conflict
from stts.protocols import LibraryVoice
from stts.storage.files.derived import DerivedFiles
from stts.storage.files.folder import Folder
from stts.storage.files.kinds import CUSTOM_VOICE, kind_of
from stts.storage.files.names import cleaned, same_voice, stem
from stts.storage.files.owners import owned
from stts.storage.files.quota import Entry
from stts.storage.files.records import StoredFile

MOST_LISTED = 1000
BLEND_BYTES = 1000
"""Longest blend in words."""


class References:
    def __init__(self, folder: Folder, derived: DerivedFiles) -> None:
        self._folder = folder
        self._derived = derived
        self._digests: OrderedDict[tuple[str, int, int], str] = OrderedDict()
        """Path, size and time of a recording -> SHA-256 of its content."""

    def voice(self, name_or_id: str, viewer: Viewer = SERVER) -> Voice | None:
        """`anna`, `anna.wav`, and `anna.wav` where only `anna.mp3` is there; an id before a name that looks so.

        Administrators reach the voices of others by id only, so that a name means the same for all who share it.
        """
        found = self.find(name_or_id, viewer)
        return None if found is None or found.blend else found.voice

    def find(self, name_or_id: str, viewer: Viewer, seconds: tuple[float, float] | None = None) -> LibraryVoice | None:
        """The voice with its card. `seconds`: shortest and longest recording that an engine uses; it gets a derived
        file."""
        stored = self.by_id(name_or_id, viewer) if kind_of(name_or_id) else None
        stored = stored or self._by_name(name_or_id, viewer)
        if stored is None:
            return None
        voice, card = _voice(stored), stored.card
        if not stored.is_blend:
            voice = replace(voice, digest=self._digest(stored.path))
            if seconds is not None:
                part = self._derived.path(stored.id, voice.digest, stored.path, seconds)
                # The name of a derived file tells how it was made; another version of ours makes another.
                revision = part.name if part != stored.path else ""
                voice = replace(voice, reference=str(part), revision=revision)
        return LibraryVoice(
            voice, self.blend(stored), stored.owner, card.speed, card.parameters, card.dictionary, has_card=True
        )

    def blend(self, stored: StoredFile) -> str:
        """The blend of a voice in words; empty for a recording, and where it cannot be read."""
        if not stored.is_blend:
            return ""
        try:
            with stored.path.open("rb") as file:
                return file.read(BLEND_BYTES).decode(errors="replace").strip()
        except OSError:
            return ""

    def reached(self, viewer: Viewer) -> Iterator[StoredFile]:
        """Recordings and blends that the viewer may speak with, and of administrators all; newest first."""
        return self._folder.described(
            lambda file: viewer.sees(file.owner) or viewer.uses(file.owner, shared=file.shared)
        )

    def by_id(self, id: str, viewer: Viewer) -> StoredFile | None:
        """The one of `reached` that has this id."""
        return next((stored for stored in self.reached(viewer) if stored.id == id), None)

    def voices(self, viewer: Viewer = SERVER) -> list[Voice]:
        """The recordings that have a name for this viewer, up to a bound, without their digests: none is read."""
        return [_listed(stored) for stored in self._named_for(viewer) if not stored.is_blend]

    def blends(self, viewer: Viewer = SERVER) -> list[LibraryVoice]:
        """The blends that do, up to the same bound."""
        blends = (stored for stored in self._named_for(viewer) if stored.is_blend)
        return [LibraryVoice(_listed(stored), self.blend(stored), stored.owner) for stored in blends]

    def digest(self, stored: StoredFile) -> str:
        """SHA-256 of a recording in hexadecimal; empty where it has just gone."""
        return self._digest(stored.path)

    def require_free(self, name: str, viewer: Viewer) -> None:
        """Raises Conflict where a voice of this name would be two for this viewer. Letter case does not tell voices
        apart."""
        if taken := self._same(same_voice(name), viewer):
            named = stem(owned(taken[0].path.name).name)
            raise Conflict(
                f"There is a voice of this name already: {named}. Delete it first, or send another `name`.",
                param="name",
            )

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

    def _by_name(self, name: str, viewer: Viewer) -> StoredFile | None:
        """Finds a reference: the caller's own first, then the exact name, the bare name, any spelling of it."""
        wanted = cleaned(name)

        def distance(entry: Entry) -> tuple[bool, int]:
            file = owned(entry.path.name)
            own = cleaned(file.name)
            return file.owner != viewer.user_id, 0 if own == wanted else 1 if stem(own) in (wanted, stem(wanted)) else 2

        described = map(self._folder.describe, sorted(self._same(same_voice(name), viewer), key=distance))
        return next((stored for stored in described if stored), None)

    def _named_for(self, viewer: Viewer) -> Iterator[StoredFile]:
        mine = self._folder.described(lambda file: viewer.uses(file.owner, shared=file.shared))
        return islice(mine, MOST_LISTED)

    def _same(self, voice: str, viewer: Viewer) -> list[Entry]:
        return self._folder.entries(
            lambda file: viewer.uses(file.owner, shared=file.shared) and same_voice(file.name) == voice
        )


def is_by_id(stored: StoredFile) -> bool:
    """True for a voice that is found by its id alone: its file is named so, and people call it otherwise."""
    return stored.id.startswith(f"{CUSTOM_VOICE}_") and stem(owned(stored.path.name).name) == stored.id


def _listed(stored: StoredFile) -> Voice:
    language = stored.card.language
    return replace(_voice(stored), languages=() if language is None else (language,))


def _voice(stored: StoredFile) -> Voice:
    name = owned(stored.path.name).name
    # Not the language of its card: a clone speaks all that its engine speaks.
    reference = None if stored.is_blend else str(stored.path)
    if is_by_id(stored):
        return Voice(stored.id, stored.name, reference=reference)
    return Voice(stem(name) if stored.is_blend else name, stem(name), reference=reference)
