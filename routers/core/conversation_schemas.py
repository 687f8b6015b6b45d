"""The native shapes of one exchange of a conversation."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import UploadFile
from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

from routers.core.tts_schemas import TEXT_FIELD_CHARACTERS, format_name
from routers.http.lenient_fields import LenientFields, said
from routers.http.names import EngineName, LanguageTag, VoiceName
from stts.chat import ReplyConfig
from stts.engine_state import AUTO
from stts.speech import AudioFormat, SynthesisConfig
from stts.transcription import TranscriptionConfig


class ExchangeFields(LenientFields):
    """What a client may say about one exchange."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, populate_by_name=True)

    text: str | None = Field(None, description="What is said, in place of a file.", max_length=TEXT_FIELD_CHARACTERS)
    session: str | None = Field(None, description="The id of an earlier answer, to go on from there.", max_length=100)
    stream: bool = Field(True, description="Server-sent events; false: one JSON object.")
    language: LanguageTag = Field(None, description="BCP 47, or a name; of both sides.")
    stt: EngineName = Field(AUTO, description="The engine that listens.")
    tts: EngineName = Field(AUTO, description="The engine that speaks.")
    voice: VoiceName = Field(None, validation_alias=AliasChoices("voice", "voice_id", "voice_path"))
    format: Annotated[AudioFormat, BeforeValidator(format_name)] | None = Field(
        None, validation_alias=AliasChoices("format", "output_format")
    )
    sample_rate: int | None = Field(None, description="Hz; default: the engine's own.", ge=1, le=1_000_000)
    speed: float = Field(1.0, ge=0.25, le=4.0, validation_alias=AliasChoices("speed", "speed_factor"))
    temperature: float | None = Field(
        None,
        description="Of the language model, and of the engine that speaks where it has one.",
        ge=0,
        le=2,
    )
    reply: Literal["echo", "template", "openai"] | None = Field(
        None, description="Who replies; default: `reply.adapter` of the configuration."
    )

    def listening(self) -> TranscriptionConfig:
        return TranscriptionConfig(engine=self.stt, language=self.language)

    def replying(self) -> ReplyConfig:
        return ReplyConfig(adapter=self.reply, temperature=self.temperature, language=self.language)

    def speaking(self, format: AudioFormat) -> SynthesisConfig:
        return SynthesisConfig(
            engine=self.tts,
            voice=self.voice,
            language=self.language,
            format=self.format or format,
            sample_rate=self.sample_rate,
            speed=said(self, "speed", self.speed),
            parameters={} if self.temperature is None else {"temperature": self.temperature},
            ignore_unknown_parameters=True,
        )


class ExchangeForm(ExchangeFields):
    """The same as a form, which may bring a recording."""

    file: UploadFile | None = Field(None, description="What is said: any audio or video container.")
    audio_file: UploadFile | None = Field(None, description="Older name of `file`.")


class Timings(BaseModel):
    """Milliseconds since the request began; null: it did not come to that."""

    transcript_ms: float | None
    first_token_ms: float | None
    first_audio_ms: float | None
    total_ms: float


class ExchangeDone(BaseModel):
    """The last event of an exchange."""

    session: str = Field(description="Send it along to go on with the conversation.")
    transcript: str = Field(description="What was said; empty where nothing was, and then there is no reply.")
    language: str | None = Field(description="BCP 47 of what was said, where known.")
    reply: str
    format: AudioFormat | None = Field(description="Of the audio; null where there is none.")
    sample_rate: int | None = Field(description="Hz.")
    warnings: list[str] = Field(description="What was done otherwise than asked.")
    timings: Timings


class Exchange(ExchangeDone):
    """All of an exchange."""

    audio: str | None = Field(description="One file, in base64.")


class ConversationStatus(BaseModel):
    active: int = Field(description="Conversations under way.")
    max: int = Field(description="Of them at once.")
    kept: int = Field(description="Conversations that can be gone on with.")
    speaking: int | None = Field(
        description="People whom the default listener hears speak now; null: it has no bound of its own."
    )
    speaking_max: int | None = Field(description="Of them at once: silent sockets do not count.")
