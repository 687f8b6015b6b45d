"""The session object of GPT-Live as clients send it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from routers.compat.live.permissions import Client, WakePolicy
from routers.compat.live.responses_schemas import ResponsesSettings
from routers.compat.live.shape import Shape
from routers.compat.live.tokens import TokenLimited
from routers.http.names import NAME_CHARACTERS

INSTRUCTION_TOKENS = 16_384
INPUT_TOKENS = 8_192
MOST_INPUT = 128
"""Items of the history that a client gives."""
LONGEST_ACKNOWLEDGEMENT_MS = 600_000

Name = Annotated[str, Field(min_length=1, max_length=NAME_CHARACTERS)]


class PCM(Shape):
    """16 bits, little-endian, mono."""

    type: Literal["audio/pcm"]
    rate: Literal[16_000, 24_000] = 24_000
    """Hz."""


class G711(Shape):
    """8 bits, mono; pcmu is mu-law, pcma A-law."""

    type: Literal["audio/pcmu", "audio/pcma"]
    rate: Literal[8000] = 8000
    """Hz."""


Format = Annotated[PCM | G711, Field(discriminator="type")]


def _voice_name(voice: Any) -> Any:
    return voice["id"] if isinstance(voice, dict) and "id" in voice else voice


class Output(Shape):
    voice: Annotated[Name | None, BeforeValidator(_voice_name)] = None


class Audio(Shape):
    format: Format | None = None
    output: Output | None = None


Acknowledgement = Annotated[int | None, Field(ge=0, le=LONGEST_ACKNOWLEDGEMENT_MS)]


class ClientDelegation(Shape):
    """The app does what is delegated."""

    type: Literal["client"] = "client"
    acknowledgement_delay_ms: Acknowledgement = None


class ResponsesDelegation(Shape):
    """The configured chat endpoint does what is delegated."""

    type: Literal["responses"]
    responses: ResponsesSettings
    acknowledgement_delay_ms: Acknowledgement = None


Delegation = ClientDelegation | ResponsesDelegation


class TextPart(Shape):
    type: Literal["input_text", "text", "output_text"] | None = None
    text: str


class InitialItem(Shape):
    role: Literal["developer", "user", "assistant"]
    content: list[TextPart] = Field(min_length=1, max_length=1)
    type: Literal["message"] | None = None
    id: str | None = None
    status: Literal["incomplete", "completed"] | None = None

    @property
    def text(self) -> str:
        return self.content[0].text


class LiveSessionFields(Shape):
    model: Name
    instructions: Annotated[str | None, TokenLimited(INSTRUCTION_TOKENS)] = None
    audio: Audio | None = None
    delegation: Annotated[Delegation, Field(discriminator="type")] | None = None
    input: Annotated[list[InitialItem] | None, Field(max_length=MOST_INPUT)] = None
    store: bool | None = None
    triggers: list[Any] | None = None
    safety_identifier: Annotated[str | None, Field(max_length=512)] = None
    client: Client | None = None
    """Rights of a data channel."""
    wake_policy: WakePolicy | None = None
    idle_timeout_s: Annotated[int | None, Field(ge=1)] = None

    @field_validator("store")
    @classmethod
    def _not_stored(cls, store: bool | None) -> bool | None:
        if store:
            raise ValueError("Sessions are not stored here: leave it out, or send false.")
        return store

    @field_validator("triggers")
    @classmethod
    def _no_triggers(cls, triggers: list[Any] | None) -> list[Any] | None:
        if triggers:
            raise ValueError("There are no triggers here: leave them out, or send an empty list.")
        return triggers

    @field_validator("input")
    @classmethod
    def _within_tokens(cls, input: list[InitialItem] | None) -> list[InitialItem] | None:
        TokenLimited(INPUT_TOKENS).check(" ".join(item.text for item in input or ()))
        return input
