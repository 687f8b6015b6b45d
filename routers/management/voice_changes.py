"""A change of a library voice: what of it is allowed, and what it makes of the card."""

from __future__ import annotations

from routers.management.voice_forms import checked_card
from routers.management.voice_schemas import ConsentShape, VoiceChange
from stts.access.viewer import Viewer
from stts.errors import Forbidden, InvalidParameter, NotFound
from stts.storage.files.names import cleaned
from stts.storage.files.records import StoredFile
from stts.storage.files.store import FileStore
from stts.voices.card import VoiceCard

CLEARED = ("language", "transcript")
"""Fields that null empties."""


def check_change(files: FileStore, id: str, viewer: Viewer, fields: VoiceChange) -> None:
    """Raises NotFound, Forbidden and InvalidParameter, before anything is changed."""
    stored = files.references.by_id(id, viewer)
    if stored is None or not viewer.sees(stored.owner):
        raise NotFound("There is no voice with this id.", param="id")
    if fields.visibility is not None and fields.visibility != _visibility(stored) and not viewer.sees_all:
        raise Forbidden("Only administrators make a voice everybody's, or a user's own again.")
    recording = fields.consent.recording if fields.consent is not None else None
    if recording is not None:
        try:
            files.get(recording, viewer)
        except NotFound:
            raise InvalidParameter("There is no file with this id.", param="consent.recording") from None


def changed(files: FileStore, id: str, viewer: Viewer, fields: VoiceChange) -> StoredFile:
    """Changes the card and the name, then who may speak with it. Raises as `VoiceCards.change` does."""
    statement = fields.consent.statement if fields.consent is not None else None
    stored = files.cards.change(id, viewer, name=fields.name, card=lambda card: _card(card, fields), consent=statement)
    if fields.visibility is not None and fields.visibility != _visibility(stored):
        stored = files.cards.share(id, shared=fields.visibility == "shared")
    return stored


def _card(card: VoiceCard, fields: VoiceChange) -> VoiceCard:
    said = fields.model_fields_set
    values = card.model_dump()
    for name in CLEARED:
        if name in said:
            values[name] = getattr(fields, name) or VoiceCard.model_fields[name].default
    if fields.tags is not None:
        values["tags"] = tuple(tag for each in fields.tags if (tag := cleaned(each)))
    if fields.defaults is not None:
        values |= {"speed": fields.defaults.speed, "parameters": fields.defaults.parameters}
    if fields.consent is not None:
        values |= _consent(fields.consent)
    if "transcript" in said:
        # Its words were compared with another transcript.
        values["report"] = None
    return checked_card(values)


def _consent(consent: ConsentShape) -> dict[str, object]:
    named = {"date": "consent_date", "recording": "consent_recording"}
    return {key: getattr(consent, name) for name, key in named.items() if name in consent.model_fields_set}


def _visibility(stored: StoredFile) -> str:
    return "shared" if stored.shared else "private"
