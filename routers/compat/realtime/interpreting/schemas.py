"""Translation sessions and their commands, as OpenAI's clients send them. Unknown fields are ignored."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from routers.compat.realtime.reading import meant
from routers.compat.realtime.session_schemas import ExpiresAfter, Name, NoiseReduction, Shape
from stts.languages import is_known, read_language

USUAL_LANGUAGE = "en"
"""Language of the translation where a client names none."""
EVENT_ID_CHARACTERS = 512


def _known_language(value: Any) -> Any:
    tag = read_language(value)
    if not isinstance(tag, str) or not is_known(tag):
        raise ValueError("This is no language.")
    return tag


class Source(Shape):
    """The model by which the source text is told."""

    model: Name


class InterpretedInput(Shape):
    transcription: Source | None = None
    noise_reduction: NoiseReduction | None = None


class InterpretedOutput(Shape):
    language: Annotated[str, BeforeValidator(_known_language)] = USUAL_LANGUAGE


class InterpretedAudio(Shape):
    input: InterpretedInput = InterpretedInput()
    output: InterpretedOutput = InterpretedOutput()


class InterpretedSession(Shape):
    type: Literal["translation"] = "translation"
    model: Name
    audio: InterpretedAudio = InterpretedAudio()


class Secret(Shape):
    expires_after: ExpiresAfter | None = None
    session: Annotated[
        dict[str, Any], BeforeValidator(lambda value: meant(value) if isinstance(value, dict) else value)
    ]


class Command(BaseModel):
    event_id: str | None = Field(None, max_length=EVENT_ID_CHARACTERS)


class UpdateSession(Command):
    type: Literal["session.update"]
    session: dict[str, Any]


class AppendAudio(Command):
    type: Literal["session.input_audio_buffer.append"]
    audio: str
    """s16le mono at 24,000 Hz in base64."""


class CloseSession(Command):
    type: Literal["session.close"]
