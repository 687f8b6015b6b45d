"""A change of a library voice: what of it is allowed, and what it makes of the card."""

from __future__ import annotations

from collections.abc import Callable

from routers.core.voice_report import NO_TRANSCRIPT, VoiceReport
from routers.management.voice_forms import checked_card
from routers.management.voice_schemas import ConsentShape, VoiceChange
from stts.access.viewer import Viewer
from stts.errors import Forbidden, InvalidParameter, NotFound
from stts.storage.files.names import cleaned, same_voice
from stts.storage.files.records import StoredFile
from stts.storage.files.references import is_by_id
from stts.storage.files.store import FileStore
from stts.voices.card import VoiceCard

CLEARED = ("language", "transcript")
"""Fields that null empties."""


def check_change(
    files: FileStore, id: str, viewer: Viewer, fields: VoiceChange, require_own_name: Callable[[str], None]
) -> None:
    """Raises NotFound, Forbidden, InvalidParameter, and Conflict for a new name that means another voice, before
    anything is changed."""
    stored = files.references.by_id(id, viewer)
    if stored is None or not viewer.sees(stored.owner):
        raise NotFound("There is no voice with this id.", param="id")
    is_new = fields.name is not None and same_voice(fields.name) != same_voice(stored.name)
    if fields.name is not None and is_new and not is_by_id(stored):
        require_own_name(fields.name)
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
    stored = files.cards.change(
        id, viewer, name=fields.name, card=lambda card: _card(card, fields), consent=_statement(fields)
    )
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
        values |= fields.defaults.model_dump()
    if "consent" in said:
        values |= _consent(fields.consent)
    if card.report is not None and values["transcript"] != card.transcript:
        values["report"] = _without_words(VoiceReport.model_validate(card.report), values["transcript"])
    return checked_card(values)


def _statement(fields: VoiceChange) -> str | None:
    """The statement of a change: empty where consent is taken back, None where the change says nothing of it."""
    if "consent" not in fields.model_fields_set:
        return None
    if fields.consent is None or "statement" in fields.consent.model_fields_set:
        return (fields.consent.statement if fields.consent is not None else None) or ""
    return None


def _consent(consent: ConsentShape | None) -> dict[str, object]:
    named = {"date": "consent_date", "recording": "consent_recording"}
    if consent is None:
        return dict.fromkeys(named.values())
    return {key: getattr(consent, name) for name, key in named.items() if name in consent.model_fields_set}


def _without_words(report: VoiceReport, transcript: str) -> dict[str, object]:
    """The report without what compares its recording with the transcript, which is another one now."""
    why = "The transcript was changed since: POST validates it." if transcript.strip() else NO_TRANSCRIPT
    changes = {
        "words_found": None,
        "words_spoken": None,
        "unknown": {**report.unknown, "words_found": why},
        "problems": [each for each in report.problems if each.code != "transcript"],
    }
    return report.model_copy(update=changes).model_dump(mode="json")


def _visibility(stored: StoredFile) -> str:
    return "shared" if stored.shared else "private"
