"""The shapes of /v1/voices."""

from __future__ import annotations

from datetime import date as Date
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from routers.http.names import LanguageTag
from stts.access.viewer import Viewer
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


class DefaultsShape(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    speed: float | None = Field(None, ge=SLOWEST, le=FASTEST)
    parameters: dict[str, Any] = Field(
        default_factory=dict, max_length=MOST_PARAMETERS, description="Of engines; one passes over those of others."
    )


class ProblemShape(BaseModel):
    code: str
    message: str
    refused: bool = Field(description="Whether there is no voice in it at all; else it is a warning.")


class WindowShape(BaseModel):
    start: float = Field(description="Seconds.")
    end: float


class VoiceReport(BaseModel):
    """Figures of a recording, all of it decoded."""

    seconds: float
    sample_rate: int | None = Field(description="Hz.")
    channels: int | None
    level: float | None = Field(description="dBFS while something sounds; null: nothing does.")
    peak: float | None = Field(description="dBFS.")
    offset: float = Field(description="Mean of the samples, -1..1.")
    clipping: float = Field(description="Share of clipped samples, 0..1.")
    signal_to_noise: float | None = Field(description="dB.")
    silence: float = Field(description="Share of the time in which nothing sounds, 0..1.")
    bandwidth: float | None = Field(description="Hz.")
    speech_seconds: float | None = Field(description="Found by the voice activity detector.")
    speakers: int | None = None
    words_found: int | None = Field(None, description="Words of the transcript that were heard.")
    words_spoken: int | None = Field(None, description="Words of the transcript.")
    unknown: dict[str, str] = Field(description="Why a figure is null.")
    window: WindowShape = Field(description="The part that is best to be cloned.")
    repairs: list[str] = Field(description="What is mended in the copy that engines get: mono, offset, level, ...")
    problems: list[ProblemShape]
    usable: bool = Field(description="False: there is no voice in it.")


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
    seconds: float | None = None
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
            defaults=DefaultsShape(speed=card.speed, parameters=card.parameters),
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
    consent: ConsentShape | None = None
    visibility: Literal["private", "shared"] | None = Field(None, description="Administrators share voices.")
    defaults: DefaultsShape | None = None
