"""The messages of ElevenLabs' speech sockets, and what their addresses say."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from routers.compat.elevenlabs.schemas import Name, Query, VoiceSettings
from routers.core.tts_schemas import TEXT_FIELD_CHARACTERS
from routers.http.names import LanguageTag
from routers.sockets.messages import invalid, parse_object

LONGEST_TIMEOUT = 180
"""Seconds that a client may ask for."""


class SocketQuery(Query):
    """Names beyond these are ignored, as the hosted service does."""

    model_id: Name | None = None
    language_code: LanguageTag = None
    auto_mode: bool = Field(False, description="Each message is a whole sentence, and spoken at once.")
    sync_alignment: bool = Field(
        False, description="true: times count from the start of a context; false: of each message."
    )
    inactivity_timeout: int = Field(20, ge=1, le=LONGEST_TIMEOUT, description="Accepted; `limits.idle_seconds` holds.")
    enable_ssml_parsing: bool = Field(False, description="Accepted; markup is read as the settings say.")
    seed: int | None = Field(None, ge=0, le=2**32 - 1)


class SpokenText(BaseModel):
    """One message; it may mean several things at once."""

    model_config = ConfigDict(extra="ignore")

    text: Annotated[str, Field(max_length=TEXT_FIELD_CHARACTERS)] | None = None
    context_id: Name | None = Field(None, validation_alias=AliasChoices("context_id", "contextId"))
    voice_settings: VoiceSettings | None = None
    flush: bool | None = None
    close_context: bool | None = None
    close_socket: bool | None = None


def read_message(message: str | bytes) -> SpokenText:
    """Raises InvalidRequest for what is no object, InvalidParameter for a wrong field."""
    fields: dict[str, Any] = parse_object(message, half_characters=True)
    try:
        return SpokenText.model_validate(fields)
    except ValidationError as error:
        raise invalid(error) from None
