"""FileStore: reference recordings, uploads and saved outputs under one folder. Blocking: call it in a thread.

Everything is found by id, or, for a reference, by its bare name among those in the folder. No path is ever made from
what a client sent. Files appear complete or not at all; a crash leaves only hidden leftovers, which `expire` removes.
"""

from __future__ import annotations

import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO

from stts.access.viewer import SERVER, Viewer
from stts.errors import InvalidConfiguration, InvalidParameter, NotFound, StorageFull
from stts.settings import CurrentSettings
from stts.storage.files.accounts import Accounts
from stts.storage.files.cards import VoiceCards
from stts.storage.files.carried_out import CarriedOut
from stts.storage.files.consents import Consents
from stts.storage.files.derived import DerivedFiles
from stts.storage.files.expiry import Cleanup, Expiring, Expiry
from stts.storage.files.failures import translated_disk_errors
from stts.storage.files.folder import Folder, entry_or_none
from stts.storage.files.inspection import inspected
from stts.storage.files.kinds import CUSTOM_VOICE, KINDS, Kind, kind_of, new_id
from stts.storage.files.names import cleaned, reference_name, safe_name
from stts.storage.files.owners import owned
from stts.storage.files.pending import Pending
from stts.storage.files.quota import Entry
from stts.storage.files.records import Checkpoint, Incoming, Page, StoredFile, Usage
from stts.storage.files.references import References
from stts.storage.files.removed_voices import VoiceRemoval
from stts.storage.files.writer import Writer
from stts.voices.card import VoiceCard

TEMPORARY_FOLDER = ".temporary"
COPY_BYTES = 1 << 20
UNKNOWN = "There is no file with this id."


class FileStore:
    def __init__(self, root: Path, settings: CurrentSettings, clock: Callable[[], float] = time.time) -> None:
        """Makes the folders. Raises InvalidConfiguration where it cannot."""
        self._settings = settings
        self._clock = clock
        self._temporary = root / TEMPORARY_FOLDER
        try:
            for folder in (self._temporary, *(root / kind for kind in KINDS)):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidConfiguration(f"storage.root: {error.strerror}", param="storage.root") from error
        self._folders = {kind: Folder(kind, (root / kind).resolve()) for kind in KINDS}
        derived, recordings = DerivedFiles(root), self._folders["references"]
        self.references = References(recordings, derived)
        self.removed_voices = VoiceRemoval(recordings, self.references, derived)
        self._accounts = Accounts(self._folders, settings)
        self._naming = threading.Lock()
        """Held while a file gets its name, gets another one, or is found by it to be removed."""
        self._pending = Pending()
        self.cards = VoiceCards(self._folders["references"], self.references, self.get, self._naming, settings)
        self.consents = Consents(self._folders["consents"], self.get, self.delete)
        self.carried_out = CarriedOut(root)
        self._expiry = Expiry(self._folders, self._temporary, self._pending, self._remove, settings, clock)

    def create(
        self,
        kind: Kind,
        name: str | None = None,
        *,
        owner: str | None = None,
        consent: str | None = None,
        card: VoiceCard | None = None,
        is_blend: bool = False,
        label: str | None = None,
        expected_bytes: int = 0,
        age: float = 0.0,
        checkpoint: Checkpoint = lambda: None,
    ) -> Writer:
        """A writer that knows its id already. Raises InvalidRequest for a name, Conflict for one that is taken,
        StorageFull where the disk has no room for what is expected, StorageFailed where it cannot be written.

        `owner`: the id of the user whose it will be; None: the server. `age`: seconds since the operation began that
        makes it: where the data of the owner was removed since, it will not be kept. The name of an output is the
        server's own, and its extension says what it is. `label`: instead of a name, of what is found by id alone.
        """
        name = safe_name(name) if name is not None else None
        consent = cleaned(consent or "") or None
        if kind == "references" and not (consent or is_blend) and self._settings().storage.require_consent:
            raise InvalidParameter("Say who consented to the use of this voice: `consent`.", param="consent")
        if kind == "references" and name is not None:
            self.references.require_free(reference_name(name), Viewer(owner))
        id = new_id(kind, CUSTOM_VOICE if kind == "references" and label is not None else None)
        incoming = Incoming(id, name, owner, consent, self._clock() - age, card, is_blend, label)
        with translated_disk_errors():
            self._temporary.mkdir(parents=True, exist_ok=True)
            if expected_bytes > shutil.disk_usage(self._temporary).free:
                raise StorageFull("The disk of the server has no room for this.")
        temporary = self._temporary / secrets.token_hex(16)
        writer = Writer(
            incoming.id,
            temporary,
            max_bytes=self._settings().storage.file_bytes,
            reserve=partial(self._accounts.reserve, kind, owner),
            finish=partial(self._finish, kind, incoming, temporary, checkpoint),
            book=partial(self._book, kind, owner, temporary),
        )
        self._pending.begin(temporary, incoming)
        return writer

    def save(
        self,
        kind: Kind,
        name: str | None,
        file: BinaryIO,
        *,
        owner: str | None = None,
        consent: str | None = None,
        age: float = 0.0,
        card: VoiceCard | None = None,
        is_blend: bool = False,
        label: str | None = None,
        checkpoint: Checkpoint = lambda: None,
    ) -> StoredFile:
        """Copies a file from its start. Raises what the writer and the checkpoint raise."""
        file.seek(0)
        with self.create(
            kind,
            name,
            owner=owner,
            consent=consent,
            age=age,
            card=card,
            is_blend=is_blend,
            label=label,
            checkpoint=checkpoint,
        ) as writer:
            while data := file.read(COPY_BYTES):
                checkpoint()
                writer.write(data)
            return writer.commit()

    def require_room(self, kind: Kind, owner: str | None, size: int) -> None:
        """Raises StorageFull where the kind or the user has no room for so many bytes; takes none."""
        self._accounts.reserve(kind, owner, size)
        self._accounts.book(kind, owner, size, kept=False)

    def lose(self, id: str, reason: StorageFull, owner: str | None = None) -> None:
        """Remembers why the file of an id that a client was given does not exist; the oldest are forgotten."""
        self._pending.lose(id, owner, reason)

    def get(self, id: str, viewer: Viewer = SERVER) -> StoredFile:
        """Raises NotFound, also for what belongs to others; NotCompleteYet for one whose id a client has from a stream
        that has not ended; StorageFull and StorageFailed with the reason for one that could not be kept."""
        is_being_written = self._pending.is_being_written(id, viewer)  # asked before: it may be there a moment later
        kind = kind_of(id)
        stored = self._folders[kind].find(id, viewer) if kind else None
        if stored is None:
            self._pending.explain(id, viewer, is_being_written=is_being_written)
            raise NotFound(UNKNOWN, param="id")
        return stored

    def page(self, kind: Kind | None = None, viewer: Viewer = SERVER, *, limit: int, offset: int = 0) -> Page:
        """Those for this viewer, newest first. Only the page is looked at; what is no audio is left out of it."""
        folders = [self._folders[kind]] if kind else self._folders.values()
        found = [
            (folder, entry) for folder in folders for entry in folder.entries(lambda file: viewer.sees(file.owner))
        ]
        found.sort(key=lambda pair: -pair[1].modified_ns)
        described = (folder.describe(entry) for folder, entry in found[offset : offset + limit])
        return Page([stored for stored in described if stored], len(found))

    def delete(self, id: str, viewer: Viewer = SERVER) -> StoredFile:
        """Raises NotFound, also where it has gone or got another name in the meantime, and StorageFailed."""
        with self._naming, translated_disk_errors():
            stored = self.get(id, viewer)
            entry = entry_or_none(stored.path)
            if entry is None or not self._remove(stored.kind, [entry]):
                raise NotFound(UNKNOWN, param="id")
        return stored

    def remove_all(self, owners: Mapping[str, float]) -> dict[Kind, int]:
        """Removes the files of these users, each one's of before a moment (Unix time), and counts by kind.

        What is being written of them since before is not kept.
        """
        self._pending.give_up(owners, self._clock())
        removed: dict[Kind, int] = {}
        for kind, folder in self._folders.items():
            with self._naming:
                theirs = folder.entries(lambda file: file.owner in owners)
                old = [entry for entry in theirs if entry.modified < owners[owned(entry.path.name).owner or ""]]
                removed[kind] = len(self._remove(kind, old))
        return removed

    def carry_out(self, removals: Mapping[str, float]) -> int:
        """Removes, once for this root, the files of these users of before a moment, and counts them. Raises OSError."""
        # What this process writes is not kept either where another one has had the removal for a root that they share.
        self._pending.give_up(removals, self._clock())
        due = self.carried_out.due(removals)
        if not due:
            return 0
        removed = self.remove_all(due)
        self.carried_out.add(due)
        return sum(removed.values())

    def usage(self) -> list[Usage]:
        """Bytes per kind, counted afresh."""
        return self._accounts.usage()

    def expire(self) -> Cleanup:
        """Removes outputs past their age, and what crashes and broken uploads have left; never raises OSError."""
        self.removed_voices.sweep()
        return self._expiry.expire()

    def cleanup(
        self, kinds: Sequence[Expiring], *, max_age_hours: float | None = None, dry_run: bool = False
    ) -> Cleanup:
        """Removes, or only counts, what is older. Temporary files always have the age of the settings.

        Raises InvalidParameter for uploads without an age.
        """
        return self._expiry.cleanup(kinds, max_age_hours=max_age_hours, dry_run=dry_run)

    def _remove(self, kind: Kind, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Those that it has removed; another removal may be faster. References: with `_naming` held, or one may get
        another name meanwhile."""
        remove = partial(self._accounts.remove, kind)
        return self.removed_voices.remove(entries, remove) if kind == "references" else remove(entries)

    def _book(self, kind: Kind, owner: str | None, temporary: Path, size: int, kept: bool) -> None:
        self._pending.end(temporary)
        self._accounts.book(kind, owner, size, kept=kept)

    def _finish(self, kind: Kind, incoming: Incoming, temporary: Path, checkpoint: Checkpoint) -> StoredFile:
        settings = self._settings()
        seconds = settings.storage.reference_seconds if kind == "references" else settings.limits.audio_seconds
        content = inspected(kind, temporary, incoming, max_seconds=seconds, checkpoint=checkpoint)
        # A removal that this server hears of later goes by that: what began before it goes too.
        os.utime(temporary, (incoming.began, incoming.began))
        with self._naming:
            self._pending.require_wanted(temporary)
            if kind == "references" and incoming.name is not None:
                self.references.require_free(incoming.name, Viewer(incoming.owner))
            return self._folders[kind].place(temporary, incoming, content, self._clock())
