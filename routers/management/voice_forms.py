"""The form that makes a library voice, read: its card, and the name that it gets."""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, Any

from fastapi import UploadFile
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from routers.http.forms import UploadRoute
from routers.http.names import LanguageTag
from routers.management.voice_schemas import CONSENT_CHARACTERS, DefaultsShape
from stts.errors import InvalidParameter
from stts.language_names import ENGLISH
from stts.languages import is_known, nearest
from stts.pronunciation.fields import Entries
from stts.storage.files.names import cleaned
from stts.voices.card import FASTEST, MOST_TAGS, SLOWEST, TRANSCRIPT_CHARACTERS, VoiceCard

BLEND_CHARACTERS = 500
_TagList = TypeAdapter(list[str])


class VoiceRoute(UploadRoute):
    """A form with a recording, or with a blend instead of it."""

    needs_file = False


def _empty(value: object) -> object:
    """A form has an empty field where nobody has written anything."""
    return None if value == "" else value


class VoiceForm(BaseModel):
    """A recording, or a blend of an engine's voices, and what is said of it."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    name: str | None = Field(None, max_length=400, description="Instead of the file's own; a blend needs one.")
    file: UploadFile | None = Field(None, description="A recording in any container.")
    blend: str | None = Field(
        None, max_length=BLEND_CHARACTERS, description="Instead of a file: `af_heart(0.7)+af_bella(0.3)`."
    )
    language: LanguageTag = Field(None, description="BCP 47, or a name.")
    transcript: str = Field("", max_length=TRANSCRIPT_CHARACTERS, description="The words of the recording.")
    tags: str = Field("", max_length=4000, description="Separated by commas, or a JSON list of texts.")
    consent: str | None = Field(
        None, max_length=CONSENT_CHARACTERS, description="Who consented to the use of this voice, in words."
    )
    consent_date: Annotated[date | None, BeforeValidator(_empty)] = None
    consent_recording: str | None = Field(None, max_length=64, description="Id of the file with the consent.")
    speed: Annotated[float | None, BeforeValidator(_empty)] = Field(
        None, ge=SLOWEST, le=FASTEST, description="For requests that say none."
    )
    parameters: str = Field("", max_length=4000, description="Of engines, as a JSON object.")
    dictionary: Entries = Field(
        default_factory=dict, description='Words and how the voice speaks them, as a JSON object: `{"Nguyen": "Win"}`.'
    )

    def card(self) -> VoiceCard:
        """Raises InvalidParameter for parameters that are no JSON object, and for too many tags."""
        fields = {
            "language": self.language,
            "transcript": self.transcript,
            "tags": tuple(tag for each in _tags(self.tags) if (tag := cleaned(each))),
            "consent_date": self.consent_date,
            "consent_recording": self.consent_recording or None,
            "speed": self.speed,
            "parameters": _parameters(self.parameters),
            "dictionary": self.dictionary,
        }
        return checked_card(fields)


def checked_card(fields: dict[str, Any]) -> VoiceCard:
    """Raises InvalidParameter with the field that is wrong."""
    language = fields["language"]
    if language is not None and not is_known(language):
        near = nearest(language, ENGLISH)
        hint = f" Near it are: {', '.join(near)}." if near else ""
        raise InvalidParameter(
            f"`language` is a BCP 47 tag of a known language (`en`, `pt-BR`), or its name.{hint}", param="language"
        )
    try:
        return VoiceCard(**fields)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        allowed = [f"at most {MOST_TAGS}"] if first["loc"][:1] == ("tags",) else []
        raise InvalidParameter(f"{first['msg']}.", param=str(first["loc"][0]), allowed=allowed) from None


def _tags(text: str) -> list[str]:
    if not text.lstrip().startswith("["):
        return text.split(",")
    try:
        return _TagList.validate_json(text)
    except ValidationError:
        raise InvalidParameter("`tags` are separated by commas, or a JSON list of texts.", param="tags") from None


def _parameters(text: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    try:
        return DefaultsShape(parameters=json.loads(text)).parameters
    except (ValueError, ValidationError, RecursionError):
        raise InvalidParameter(
            "`parameters` is a JSON object, of engine's parameters by name.", param="parameters"
        ) from None
