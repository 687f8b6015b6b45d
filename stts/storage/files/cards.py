"""Changes of library voices after they were made: their name, card, consent, and who may speak with them."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from stts.access.viewer import SERVER, Viewer
from stts.errors import InvalidParameter, NotFound
from stts.settings import CurrentSettings
from stts.storage.files.failures import translated_disk_errors
from stts.storage.files.folder import Folder
from stts.storage.files.names import cleaned, reference_name, same_voice
from stts.storage.files.records import StoredFile
from stts.storage.files.references import References, is_by_id
from stts.voices.card import VoiceCard

UNKNOWN_VOICE = "There is no voice with this id."


class VoiceCards:
    """Blocking; safe to use from many threads."""

    def __init__(
        self,
        folder: Folder,
        references: References,
        get: Callable[[str, Viewer], StoredFile],
        naming: Lock,
        settings: CurrentSettings,
    ) -> None:
        """`get`: finds a file of a viewer by id; `naming`: held while a file gets another name."""
        self._folder = folder
        self._references = references
        self._get = get
        self._naming = naming
        self._settings = settings

    def change(
        self,
        id: str,
        viewer: Viewer,
        *,
        name: str | None = None,
        card: Callable[[VoiceCard], VoiceCard] | None = None,
        consent: str | None = None,
    ) -> StoredFile:
        """Changes what is given of a voice of this viewer.

        Raises NotFound, InvalidRequest for a name, InvalidParameter for a consent that is emptied where one must be,
        and Conflict where another voice has the name.
        """
        with self._naming, translated_disk_errors():
            stored = self._get(id, viewer)
            if stored.kind != "references":
                raise NotFound(UNKNOWN_VOICE, param="id")
            try:
                changes: dict[str, object] = {} if card is None else {"card": card(stored.card)}
                changes |= {} if consent is None else {"consent": self._consent(stored, consent)}
                if changes:
                    stored = self._folder.rewrite(stored, stored.path.name, **changes)
                if name is None:
                    return stored
                return self._labelled(stored, name) if is_by_id(stored) else self._renamed(stored, reference_name(name))
            except FileNotFoundError:
                raise NotFound(UNKNOWN_VOICE, param="id") from None

    def share(self, id: str, *, shared: bool) -> StoredFile:
        """Says whether everybody may speak with a user's voice. Raises NotFound, Conflict where they have one of this
        name, and InvalidParameter for any other file."""
        with self._naming, translated_disk_errors():
            stored = self._get(id, SERVER)
            if stored.kind == "references" and stored.owner is None and shared:
                return stored  # it is everybody's already
            if stored.kind != "references" or stored.owner is None:
                raise InvalidParameter(
                    "Only voices of users are shared; those of the server are everybody's.", param="id"
                )
            if shared and not stored.shared:
                self._references.require_free(stored.name, Viewer())
            try:
                return self._folder.share(stored, shared=shared)
            except FileNotFoundError:
                raise NotFound("There is no file with this id.", param="id") from None

    def _consent(self, stored: StoredFile, statement: str) -> str | None:
        consent = cleaned(statement) or None
        if consent is None and not stored.is_blend and self._settings().storage.require_consent:
            raise InvalidParameter("This server keeps no recording without a consent.", param="consent.statement")
        return consent

    def _labelled(self, stored: StoredFile, name: str) -> StoredFile:
        """A voice that is found by its id alone stays where it is, whatever people call it."""
        if not (label := cleaned(name)):
            raise InvalidParameter("The name is blank.", param="name")
        return self._folder.rewrite(stored, stored.path.name, name=label)

    def _renamed(self, stored: StoredFile, bare: str) -> StoredFile:
        if same_voice(bare) != same_voice(stored.name):
            # Free for its owner, and for everybody where it is everybody's.
            self._references.require_free(bare, Viewer(stored.owner))
        return self._folder.rename(stored, bare)
