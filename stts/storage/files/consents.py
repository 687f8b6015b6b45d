"""Recordings in which people consent to the use of their voice: a list that is read page by page, and their names."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from stts.access.viewer import Viewer
from stts.errors import InvalidParameter, NotFound
from stts.storage.files.failures import translated_disk_errors
from stts.storage.files.folder import Folder
from stts.storage.files.records import StoredFile

UNKNOWN_CONSENT = "There is no consent with this id."
MOST_REMEMBERED = 1000
"""Removed consents whose place in the list is known, for those who remove while they read on."""

Place = tuple[float, str]
"""The place of a consent in the list: newest first, those of one moment by their ids."""


class Consents:
    """Blocking; safe to use from many threads."""

    def __init__(
        self,
        folder: Folder,
        get: Callable[[str, Viewer], StoredFile],
        delete: Callable[[str, Viewer], StoredFile],
    ) -> None:
        """`get`, `delete`: find and remove any file of a viewer by its id."""
        self._folder = folder
        self._get = get
        self._delete = delete
        self._removed: OrderedDict[str, Place] = OrderedDict()

    def get(self, id: str, viewer: Viewer) -> StoredFile:
        """Raises NotFound, also for what belongs to others."""
        try:
            stored = self._get(id, viewer)
        except NotFound:
            raise NotFound(UNKNOWN_CONSENT, param="consent_id") from None
        if stored.kind != "consents":
            raise NotFound(UNKNOWN_CONSENT, param="consent_id")
        return stored

    def page(self, viewer: Viewer, *, after: str | None, limit: int) -> tuple[list[StoredFile], bool]:
        """Those of this viewer that follow another in the list, and whether there are more. Raises InvalidParameter
        where the other one is unknown."""
        mine = sorted(self._folder.described(lambda file: viewer.sees(file.owner)), key=_place)
        if after is not None:
            place = next((_place(each) for each in mine if each.id == after), None) or self._removed.get(after)
            if place is None:
                raise InvalidParameter("There is no consent with this id.", param="after")
            mine = [each for each in mine if _place(each) > place]
        return mine[:limit], len(mine) > limit

    def rename(self, id: str, viewer: Viewer, name: str) -> StoredFile:
        """Raises NotFound."""
        stored = self.get(id, viewer)
        with translated_disk_errors():
            try:
                return self._folder.rewrite(stored, stored.path.name, name=name)
            except FileNotFoundError:
                raise NotFound(UNKNOWN_CONSENT, param="consent_id") from None

    def delete(self, id: str, viewer: Viewer) -> StoredFile:
        """Raises NotFound."""
        stored = self.get(id, viewer)
        self._removed[id] = _place(stored)
        while len(self._removed) > MOST_REMEMBERED:
            self._removed.popitem(last=False)
        return self._delete(id, viewer)


def _place(stored: StoredFile) -> Place:
    return -stored.created, stored.id
