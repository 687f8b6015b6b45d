"""The shapes of /v1/voices."""

from __future__ import annotations

from datetime import date as Date
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from routers.core.voice_report import Seconds, VoiceReport
from routers.http.names import LanguageTag
from stts.access.viewer import Viewer
from stts.pronunciation.fields import Entries
from stts.storage.files.names import stem
from stts.storage.files.records import StoredFile
from stts.voices.card import FASTEST, MOST_PARAMETERS, MOST_TAGS, SLOWEST, TRANSCRIPT_CHARACTERS, Tag

CONSENT_CHARACTERS = 500


class ConsentShape(BaseModel):
    model_config = ConfigDict(extra="forbid")

    statement: str | None = Field(
        None, max_length=CONSENT_CHARACTERS, description="Who consented to the use of this voice, in words."
    )
    date: Date | None = None
    recording: str | None = Field(None, max_length=64, description="Id of the file in which the person consents.")


Statement = Annotated[str, Field(max_length=CONSENT_CHARACTERS)]


def _read_consent(value: object) -> object:
    """A text alone is the statement, as in the form that makes a voice."""
    return {"statement": value} if isinstance(value, str) else value


Consent = Annotated[
    ConsentShape | None,
    BeforeValidator(
        _read_consent, json_schema_input_type=Annotated[str, Field(max_length=CONSENT_CHARACTERS)] | ConsentShape | None
    ),
    Field(description="A text alone is the statement; null takes all of it back."),
]


class DefaultsShape(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    speed: float | None = Field(None, ge=SLOWEST, le=FASTEST)
    parameters: dict[str, Any] = Field(
        default_factory=dict, max_length=MOST_PARAMETERS, description="Of engines; one passes over those of others."
    )
    dictionary: Entries = Field(
        default_factory=dict, description='Words and how this voice speaks them: `{"Nguyen": "Win"}`.'
    )


class LibraryVoiceShape(BaseModel):
    id: str
    name: str = Field(description="`voice` takes it, or the id.")
    source: Literal["recording", "blend"]
    blend: str | None = None
    language: str | None = Field(None, description="BCP 47.")
    transcript: str | None = Field(None, description="Words of the recording.")
    tags: list[str] = []
    consent: ConsentShape | None = None
    owner: str | None = Field(None, description="The user whose it is; null: the server.")
    visibility: Literal["private", "shared"]
    created: float = Field(description="Unix time.")
    seconds: Seconds | None = None
    defaults: DefaultsShape = DefaultsShape()
    report: VoiceReport | None = Field(None, description="The last validation.")

    @classmethod
    def of(cls, stored: StoredFile, blend: str, viewer: Viewer) -> Self:
        """Words of a voice of somebody else's, which was shared, are not told: neither the consent nor the
        transcript."""
        card, is_own = stored.card, viewer.sees(stored.owner)
        consent = ConsentShape(statement=stored.consent, date=card.consent_date, recording=card.consent_recording)
        return cls(
            id=stored.id,
            name=stem(stored.name),
            source="blend" if stored.is_blend else "recording",
            blend=blend or None,
            language=card.language,
            transcript=(card.transcript or None) if is_own else None,
            tags=list(card.tags),
            consent=consent if is_own and any(value is not None for _, value in consent) else None,
            owner=stored.owner,
            visibility="shared" if stored.shared else "private",
            created=stored.created,
            seconds=stored.duration,
            defaults=DefaultsShape(speed=card.speed, parameters=card.parameters, dictionary=card.dictionary),
            report=VoiceReport.model_validate(card.report) if card.report is not None else None,
        )


class LibraryVoiceList(BaseModel):
    voices: list[LibraryVoiceShape] = Field(description="Newest first.")
    total: int = Field(description="Of all pages.")


class VoiceChange(BaseModel):
    """A change of a voice: what is not named stays."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, max_length=400)
    language: LanguageTag = None
    transcript: str | None = Field(None, max_length=TRANSCRIPT_CHARACTERS)
    tags: list[Tag] | None = Field(None, max_length=MOST_TAGS)
    consent: Consent = None
    visibility: Literal["private", "shared"] | None = Field(None, description="Administrators share voices.")
    defaults: DefaultsShape | None = None
