"""The card of a library voice: what people say of a recording, or of a blend, kept in the sidecar beside it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from stts.pronunciation.fields import Entries

MOST_TAGS = 32
TAG_CHARACTERS = 64
TRANSCRIPT_CHARACTERS = 10_000
MOST_PARAMETERS = 32
SLOWEST, FASTEST = 0.25, 4.0

Tag = Annotated[str, Field(min_length=1, max_length=TAG_CHARACTERS)]


class VoiceCard(BaseModel):
    """Fields that a later version adds are passed over by this one."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: int = 1
    language: str | None = None
    """BCP 47."""
    transcript: str = Field("", max_length=TRANSCRIPT_CHARACTERS)
    """Words of the recording."""
    tags: tuple[Tag, ...] = Field((), max_length=MOST_TAGS)
    consent_date: date | None = None
    consent_recording: str | None = None
    """Id of the file in which the person consents."""
    speed: float | None = Field(None, ge=SLOWEST, le=FASTEST)
    """Factor for requests that say none."""
    parameters: dict[str, Any] = Field(default_factory=dict, max_length=MOST_PARAMETERS)
    """Parameters of engines, for requests that do not say them; an engine passes over those that it does not know."""
    dictionary: Entries = Field(default_factory=dict)
    """Words and how this voice speaks them; those of a request go before them."""
    report: dict[str, Any] | None = None
    """The last validation, as it was answered."""


EMPTY = VoiceCard()
"""The card of a recording that has none."""
