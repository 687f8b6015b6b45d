"""The files of one kind: a plain folder, its hidden sidecars, and nothing that is not a regular file directly in it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from stts.access.viewer import Viewer
from stts.audio.container import sniff
from stts.errors import Conflict, STTSError, UndecodableAudio
from stts.storage.files.atomic import TEMPORARY_SUFFIX, sync_folder
from stts.storage.files.failures import translated_name_errors
from stts.storage.files.inspection import BLENDED, Content
from stts.storage.files.kinds import AUDIO_EXTENSIONS, BLEND, MEDIA_TYPES, Kind, extension_of, id_of_name
from stts.storage.files.names import is_plain, reference_name
from stts.storage.files.owners import Owned, owned, owned_name
from stts.storage.files.quota import Entry
from stts.storage.files.records import (
    Incoming,
    Sidecar,
    StoredFile,
    described_by,
    read_sidecar,
    sidecar_path,
    write_sidecar,
)
from stts.voices.card import EMPTY

_MOST_REMEMBERED = 1024

Admits = Callable[[Owned], bool]
"""True for the files that are wanted, by their names in the folder."""


def admit_all(file: Owned) -> bool:
    return True


class Folder:
    def __init__(self, kind: Kind, path: Path) -> None:
        self.kind = kind
        self.path = path
        self._looked_at: dict[Entry, Sidecar | None] = {}

    def entries(self, admits: Admits = admit_all) -> list[Entry]:
        """Files of the folder, newest first."""
        known = [self.entry(entry.name) for entry in self._scan() if admits(owned(entry.name))]
        return sorted((entry for entry in known if entry), key=lambda entry: (-entry.modified_ns, entry.path.name))

    def entry(self, name: str) -> Entry | None:
        """The entry of a regular file directly in this folder; None for anything else. Links are never followed."""
        if not is_plain(name):
            return None
        path = self.path / name
        try:
            status = path.lstat()
        except OSError:
            return None
        return Entry(path, status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None

    def find(self, id: str, viewer: Viewer) -> StoredFile | None:
        """Finds a file by id, if it is for this viewer: uploads and outputs are named by their id, references not."""
        if self.kind == "references":
            mine = self.described(lambda file: viewer.sees(file.owner))
            return next((stored for stored in mine if stored.id == id), None)
        entry = self._named(id, viewer.user_id)
        if entry is None and viewer.sees_all:
            entry = next(iter(self.entries(lambda file: file.name.partition(".")[0] == id)), None)
        return self.describe(entry) if entry and viewer.sees(owned(entry.path.name).owner) else None

    def described(self, admits: Admits = admit_all) -> Iterator[StoredFile]:
        known = (self.describe(entry) for entry in self.entries(admits))
        return (stored for stored in known if stored)

    def describe(self, entry: Entry) -> StoredFile | None:
        """Metadata of a file; None for a file that was put here by hand and is no audio."""
        sidecar = self._sidecar(entry)
        return _stored(self.kind, entry.path, sidecar) if sidecar else None

    def place(self, temporary: Path, incoming: Incoming, content: Content, created: float) -> StoredFile:
        """Moves a complete file in, its sidecar first: a file without one counts as put here by hand. Whatever fails
        leaves nothing here. Raises Conflict where a file of this name and owner is there."""
        name = incoming.name
        bare = reference_name(name) if self.kind == "references" and name is not None else None
        path = self.path / owned_name(bare or incoming.id, content.extension, incoming.owner)
        if path.exists():
            raise Conflict("There is a file of this name already; delete it first.", param="name")
        written = entry_of(temporary)
        sidecar = Sidecar(
            id=incoming.id,
            name=incoming.label or (owned(path.name).name if bare or name is None else name),
            media_type=content.media_type,
            created=created,
            duration=content.duration,
            sample_rate=content.sample_rate,
            channels=content.channels,
            size=written.size,
            modified_ns=written.modified_ns,
            consent=incoming.consent,
            card=incoming.card,
        )
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            with translated_name_errors():
                write_sidecar(path, sidecar)
                temporary.rename(path)
            sync_folder(self.path)
        except (OSError, STTSError):
            with suppress(OSError):
                path.unlink(missing_ok=True)
                sidecar_path(path).unlink(missing_ok=True)
            raise
        return _stored(self.kind, path, sidecar)

    def share(self, stored: StoredFile, *, shared: bool) -> StoredFile:
        """Says by the name of a user's voice whether everybody may speak with it.

        Raises FileNotFoundError where it has gone, and Conflict where there is a file of the other name.
        """
        file = owned(stored.path.name)
        name = owned_name(file.bare, file.extension, file.owner, shared=shared)
        return stored if name == stored.path.name else self.rewrite(stored, name)

    def rename(self, stored: StoredFile, bare: str) -> StoredFile:
        """Gives a voice another name. Raises as `share` does."""
        file = owned(stored.path.name)
        suffix = file.extension or stored.path.suffix
        extension = suffix if suffix in AUDIO_EXTENSIONS else ""
        name = owned_name(bare, extension, file.owner, shared=file.shared)
        return stored if name == stored.path.name else self.rewrite(stored, name, name=bare + extension)

    def rewrite(self, stored: StoredFile, file_name: str, **changes: object) -> StoredFile:
        """Changes what the sidecar says of a file, and its name in the folder.

        Raises FileNotFoundError where it has gone, and Conflict where there is a file of the other name.
        """
        path = self.path / file_name
        if path != stored.path and path.exists():
            raise Conflict("There is a file of this name already; delete it first.", param="name")
        old = self._sidecar(entry_of(stored.path))
        if old is None:
            raise FileNotFoundError(stored.path)
        sidecar = old.model_copy(update=changes)
        # The id of a file that was put here by hand is made from its name, which goes: from now on the sidecar has it.
        write_sidecar(path, sidecar)
        if path != stored.path:
            stored.path.rename(path)
            sidecar_path(stored.path).unlink(missing_ok=True)
            sync_folder(self.path)
        return _stored(self.kind, path, sidecar)

    def remove(self, entry: Entry) -> bool:
        """Removes the file, then its sidecar. False where another removal was faster."""
        try:
            entry.path.unlink()
        except FileNotFoundError:
            return False
        sidecar_path(entry.path).unlink(missing_ok=True)
        return True

    def leftovers(self) -> list[Entry]:
        """Hidden files left by a crash: partly written sidecars, and sidecars without their file."""
        hidden = [Path(entry.path) for entry in self._scan() if entry.name.startswith(".") and entry.is_file()]
        lost = (path for path in hidden if path.suffix == TEMPORARY_SUFFIX or not described_by(path).exists())
        return [entry for entry in map(entry_or_none, lost) if entry]

    def _named(self, id: str, user_id: str | None) -> Entry | None:
        """The file of an id that is the server's or this user's, without a look at the others."""
        names = (owned_name(id, extension, owner) for owner in {None, user_id} for extension in MEDIA_TYPES)
        return next(filter(None, map(self.entry, names)), None)

    def _scan(self) -> list[os.DirEntry[str]]:
        """Lists the folder; empty where the operator has removed it (the next file makes it again)."""
        try:
            with os.scandir(self.path) as found:
                return list(found)
        except FileNotFoundError:
            return []

    def _sidecar(self, entry: Entry) -> Sidecar | None:
        """The sidecar of a file; one made from its content where there is none, or one of another content."""
        sidecar = read_sidecar(entry.path)
        if sidecar is None or (sidecar.size, sidecar.modified_ns) != (entry.size, entry.modified_ns):
            return self._look_at(entry, sidecar)
        return sidecar

    def _look_at(self, entry: Entry, old: Sidecar | None) -> Sidecar | None:
        if entry not in self._looked_at:
            if len(self._looked_at) >= _MOST_REMEMBERED:
                self._looked_at.clear()
            self._looked_at[entry] = self._sniffed(entry, old)
        return self._looked_at[entry]

    def _sniffed(self, entry: Entry, old: Sidecar | None) -> Sidecar | None:
        try:
            content = _content(entry.path)
        except (UndecodableAudio, OSError):
            return None
        return Sidecar(
            id=old.id if old else id_of_name(self.kind, entry.path.name),
            name=owned(entry.path.name).name,
            media_type=content.media_type,
            created=entry.modified,
            duration=content.duration,
            sample_rate=content.sample_rate,
            channels=content.channels,
            size=entry.size,
            modified_ns=entry.modified_ns,
            consent=old.consent if old else None,
            # What was measured was another recording.
            card=old.card.model_copy(update={"report": None}) if old and old.card else None,
        )


def entry_of(path: Path) -> Entry:
    """The entry of a path. Raises FileNotFoundError."""
    status = path.lstat()
    return Entry(path, status.st_size, status.st_mtime_ns)


def entry_or_none(path: Path) -> Entry | None:
    try:
        return entry_of(path)
    except FileNotFoundError:
        return None


def _content(path: Path) -> Content:
    """Raises UndecodableAudio and OSError."""
    if path.suffix == BLEND:
        return BLENDED
    with path.open("rb") as file:
        media = sniff(file)
    suffix = extension_of(media.container)
    return Content(suffix, MEDIA_TYPES[suffix], media.duration, media.sample_rate, media.channels)


def _stored(kind: Kind, path: Path, sidecar: Sidecar) -> StoredFile:
    file = owned(path.name)
    return StoredFile(
        kind=kind,
        path=path,
        owner=file.owner,
        shared=file.shared or file.owner is None,
        card=sidecar.card or EMPTY,
        **sidecar.model_dump(exclude={"modified_ns", "card"}),
    )
