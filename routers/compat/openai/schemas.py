"""The requests of OpenAI's audio API, as its clients send them.

Null counts as absent, and fields that nobody here knows are ignored: clients of other servers send many.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, WithJsonSchema, model_validator

from routers.core.tts_schemas import TEXT_FIELD_CHARACTERS
from routers.http.lenient_fields import LenientFields, said
from routers.http.names import NAME_CHARACTERS, LanguageTag, VoiceName
from stts.access.permission import EVERYTHING, Permission
from stts.context import Priority
from stts.speech import AudioFormat, Markup, SynthesisConfig

PCM_SAMPLE_RATE = 24_000
"""Hz: clients play `pcm`, which has no header, at this rate."""

VOICE_SCHEMA = {
    "anyOf": [
        {"type": "string", "maxLength": NAME_CHARACTERS},
        {"type": "object", "properties": {"id": {"type": "string", "maxLength": NAME_CHARACTERS}}, "required": ["id"]},
    ]
}
"""A name, or an object with an id as newer clients send it."""

Model = Annotated[
    str,
    Field(description="A model of GET /v1/models.", min_length=1, max_length=NAME_CHARACTERS, examples=["auto"]),
]


class Fields(LenientFields):
    model_config = ConfigDict(extra="allow", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {name: value for name, value in values.items() if value is not None}

    def unknown(self) -> dict[str, Any]:
        """The fields that this dialect does not know: parameters of the engine, if it has them."""
        return dict(self.model_extra or {})


class CreateSpeechRequest(Fields):
    model: Model
    input: str = Field(description="What to say.", max_length=TEXT_FIELD_CHARACTERS, examples=["Hello, world."])
    voice: Annotated[VoiceName, WithJsonSchema(VOICE_SCHEMA, mode="validation")] = Field(
        None,
        description="A voice of GET /v1/audio/voices, or the name or id of a stored reference recording.",
        examples=["alloy"],
    )
    instructions: str = Field("", description="For engines that have a parameter of this name.")
    response_format: AudioFormat = "mp3"
    speed: float = Field(1.0, ge=0.25, le=4.0)
    stream_format: Literal["audio", "sse"] = "audio"
    stream: bool | None = Field(
        None,
        description="Extension. true: audio as it is made; false: whole, with its length. Default: whole where all of "
        "it is made at once, else as it is made.",
    )
    language: LanguageTag = Field(None, description="Extension. BCP 47, or a name.")
    lang_code: LanguageTag = Field(None, description="Extension. Another name of `language`.")
    sample_rate: int | None = Field(None, description="Extension. Hz.", ge=1, le=1_000_000)
    markup: Markup | None = Field(
        None, description="Extension. speak: Markdown and HTML are read as speech; keep: as they are."
    )
    seed: int = Field(0, description="Extension. 0: random.", ge=0, le=2**32 - 1)

    def config(self, engine: str, permission: Permission = EVERYTHING) -> SynthesisConfig:
        """`permission`: what the caller may use, where that is known here."""
        instructions = {"instructions": self.instructions} if self.instructions else {}
        return SynthesisConfig(
            engine=engine,
            voice=self.voice,
            language=self.language or self.lang_code,
            format=self.response_format,
            sample_rate=self.sample_rate or (PCM_SAMPLE_RATE if self.response_format == "pcm" else None),
            speed=said(self, "speed", self.speed),
            seed=self.seed or None,
            parameters=self.unknown() | instructions,
            ignore_unknown_parameters=True,
            markup=self.markup,
            permission=permission,
        )

    @property
    def priority(self) -> Priority:
        collected = self.stream is False and self.stream_format != "sse"
        return Priority.COLLECTED if collected else Priority.STREAM
