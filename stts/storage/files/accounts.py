"""The bytes that files take: of each kind, and of each user in all kinds together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial

from stts.settings import CurrentSettings
from stts.storage.files.folder import Folder
from stts.storage.files.kinds import Kind
from stts.storage.files.owners import owned
from stts.storage.files.quota import Account, Entry, oldest
from stts.storage.files.records import Usage


class Accounts:
    """One for a store. Safe to use from many threads."""

    def __init__(self, folders: Mapping[Kind, Folder], settings: CurrentSettings) -> None:
        self._folders = folders
        self._settings = settings
        self._kinds: Account[Kind] = Account(self._of_kind, _kind_full)
        self._users: Account[str] = Account(self._of_user, _user_full)

    def reserve(self, kind: Kind, owner: str | None, size: int) -> None:
        """Takes bytes for a file that is being written. Raises StorageFull where the kind or the user has no more.

        The oldest outputs make room for others; what a user keeps beyond its own bound is for the user to choose.
        """
        with ExitStack() as undo:
            if owner is not None:
                self._users.reserve(owner, size, self._settings().storage.user_bytes or None)
                undo.callback(self._users.book, owner, size, kept=False)
            self._kinds.reserve(kind, size, self.quota(kind), partial(self._make_room, kind))
            undo.pop_all()

    def book(self, kind: Kind, owner: str | None, size: int, *, kept: bool) -> None:
        """The bytes of a writer are now a file, or are gone."""
        self._kinds.book(kind, size, kept=kept)
        if owner is not None:
            self._users.book(owner, size, kept=kept)

    def remove(self, kind: Kind, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Removes files. Returns those that it has removed: another removal may be faster."""
        removed = self._removed(kind, entries)
        if removed:
            self._kinds.removed(kind)
        return removed

    def measure(self, kind: Kind) -> int:
        """Bytes of complete files of a kind, counted afresh: the operator may have added or removed some."""
        return self._kinds.measure(kind)

    def usage(self) -> list[Usage]:
        """Files and bytes of each kind, counted afresh."""
        return [
            Usage(kind, len(folder.entries()), self.measure(kind), self.quota(kind))
            for kind, folder in self._folders.items()
        ]

    def quota(self, kind: Kind) -> int:
        storage = self._settings().storage
        return {
            "references": storage.references_bytes,
            "uploads": storage.uploads_bytes,
            "outputs": storage.outputs_bytes,
            "consents": storage.consents_bytes,
        }[kind]

    def _removed(self, kind: Kind, entries: Sequence[Entry]) -> Sequence[Entry]:
        removed = [entry for entry in entries if self._folders[kind].remove(entry)]
        for owner in {owned(entry.path.name).owner for entry in removed}:
            if owner is not None:
                self._users.removed(owner)
        return removed

    def _make_room(self, kind: Kind, size: int) -> int:
        """The oldest outputs go first; references and uploads are people's own and stay."""
        if kind != "outputs":
            return 0
        return sum(entry.size for entry in self._removed(kind, oldest(self._folders[kind].entries(), size)))

    def _of_kind(self, kind: Kind) -> int:
        return sum(entry.size for entry in self._folders[kind].entries())

    def _of_user(self, user: str) -> int:
        return sum(
            entry.size for folder in self._folders.values() for entry in folder.entries(lambda file: file.owner == user)
        )


def _kind_full(kind: Kind, quota: int) -> str:
    return f"The quota of kind {kind} is reached: {quota} bytes. Delete files first."


def _user_full(user: str, quota: int) -> str:
    return f"The files of one user may take {quota} bytes, and yours do. Delete some first."
