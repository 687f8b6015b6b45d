"""Custom voices and the recordings that consent to them, as OpenAI's clients send and read them."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import UploadFile
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from routers.http.names import LANGUAGE_CHARACTERS
from stts.errors import InvalidParameter
from stts.language_names import ENGLISH
from stts.languages import is_known, nearest
from stts.storage.files.names import cleaned
from stts.storage.files.records import StoredFile

LABEL_CHARACTERS = 256
PROMPT_CHARACTERS = 2_000
ID_CHARACTERS = 64
PAGE = 20
MOST_LISTED = 100


def _label(name: str) -> str:
    """One normal form of a name. Raises InvalidParameter for one that nobody sees."""
    label = cleaned(name)
    if not label:
        raise InvalidParameter("The name is blank.", param="name")
    return label


def _language(tag: str) -> str:
    if not is_known(tag):
        near = nearest(tag, ENGLISH)
        hint = f" Near it are: {', '.join(near)}." if near else ""
        raise InvalidParameter(
            f"`language` is a BCP 47 tag of a known language, such as en-US.{hint}", param="language"
        )
    return tag


Label = Annotated[str, Field(min_length=1, max_length=LABEL_CHARACTERS), AfterValidator(_label)]
Words = Annotated[str, Field(max_length=PROMPT_CHARACTERS)]


class CreateVoiceForm(BaseModel):
    """A sample with the consent to it. A voice out of a description is refused: nothing here makes one."""

    model_config = ConfigDict(extra="ignore")

    name: Label
    type: Literal["audio_sample", "prompt"] = "audio_sample"
    audio_sample: UploadFile | None = Field(None, description="A recording of at most 10 MiB; of a long one a part.")
    consent: str | None = Field(None, max_length=LABEL_CHARACTERS, description="Id of a consent.")
    prompt: Words | None = None
    model: Words | None = None
    script_hint: Words | None = None


class CreateConsentForm(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: Label
    language: Annotated[str, Field(min_length=2, max_length=LANGUAGE_CHARACTERS), AfterValidator(_language)]
    recording: UploadFile = Field(description="A person who consents, in at most 10 MiB.")


class ConsentName(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: Label


class CustomVoice(BaseModel):
    id: str
    object: Literal["audio.voice"] = "audio.voice"
    name: str
    created_at: int = Field(description="Unix time.")
    type: Literal["audio_sample"] = "audio_sample"

    @classmethod
    def of(cls, stored: StoredFile) -> CustomVoice:
        return cls(id=stored.id, name=stored.name, created_at=int(stored.created))


class CustomVoiceDeleted(BaseModel):
    id: str
    object: Literal["audio.voice.deleted"] = "audio.voice.deleted"
    deleted: bool = True


class VoiceConsent(BaseModel):
    id: str
    object: Literal["audio.voice_consent"] = "audio.voice_consent"
    name: str
    language: str
    created_at: int = Field(description="Unix time.")
    transcript: str | None = Field(description="The words that were heard in it; not of the hosted service.")

    @classmethod
    def of(cls, stored: StoredFile) -> VoiceConsent:
        card = stored.card
        return cls(
            id=stored.id,
            name=stored.name,
            language=card.language or "",
            created_at=int(stored.created),
            transcript=card.transcript or None,
        )


class VoiceConsentList(BaseModel):
    object: Literal["list"] = "list"
    data: list[VoiceConsent]
    first_id: str | None
    last_id: str | None
    has_more: bool


class VoiceConsentDeleted(BaseModel):
    id: str
    object: Literal["audio.voice_consent"] = "audio.voice_consent"
    deleted: bool = True
