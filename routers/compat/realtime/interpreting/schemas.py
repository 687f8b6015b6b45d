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
        raise ValueError("This is no language: a BCP 47 tag (de, pt-BR) or an English name is one.")
    return tag


class Source(Shape):
    """The model by which the source text is told."""

    model: Name


class Pcm(Shape):
    """The one format of these sessions; clients need not name it, and the session object does not."""

    type: Literal["audio/pcm"]
    rate: Literal[24_000] = 24_000


class InterpretedInput(Shape):
    format: Annotated[Pcm | None, Field(exclude=True)] = None
    transcription: Source | None = None
    noise_reduction: NoiseReduction | None = None


class InterpretedOutput(Shape):
    format: Annotated[Pcm | None, Field(exclude=True)] = None
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
