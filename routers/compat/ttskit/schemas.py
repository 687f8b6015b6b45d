"""The requests of TTSKit, as its clients send them, and its answers about speech."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from middleware.listener import OutputDefaults
from routers.compat.ttskit.options import TTSKitOptions
from routers.http.lenient_fields import LenientFields, said
from routers.http.names import EngineName, LanguageTag, VoiceName
from stts.access.permission import Permission
from stts.audio.formats import resolve_sample_rate
from stts.engine_state import AUTO
from stts.errors import InvalidText, TextTooLong
from stts.speech import AudioFormat, SynthesisConfig
from stts.text.language_prefix import split_language

TEXT_CHARACTERS = 5000
MOST_TEXTS = 10
LANGUAGE = "en"
"""Language of texts that say nothing of theirs."""

Format = Literal["ogg", "mp3", "wav"]
FORMATS: Mapping[Format, AudioFormat] = {"ogg": "opus", "mp3": "mp3", "wav": "wav"}
"""Names of the formats here -> what is in them."""
NAMES: Mapping[AudioFormat, Format] = {name: format for format, name in FORMATS.items()}
DEFAULT_FORMAT: Format = "ogg"

Text = Annotated[str, Field(min_length=1, max_length=TEXT_CHARACTERS, description="What to say; `fa: ...` is Persian.")]
Language = Annotated[LanguageTag, Field(description="Default: that of the listener, `en`.")]


class SpeechFields(LenientFields):
    """Fields about speech, whatever the text."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    lang: Language = None
    voice: VoiceName = None
    engine: EngineName = AUTO
    rate: float = Field(1.0, ge=0.1, le=3.0, description="Speed factor, without change of pitch.")
    pitch: float = Field(0.0, ge=-12.0, le=12.0, description="Semitones, without change of speed.")
    format: Format | None = Field(None, description="Default: that of the listener, `ogg`.")
    sample_rate: int | None = Field(
        None, ge=8000, le=192_000, description="Hz; a format that does not carry it has the next that it does."
    )
    channels: int | None = Field(None, ge=1, le=2)

    def named_format(self, output: OutputDefaults) -> Format:
        return self.format or NAMES.get(output.format, DEFAULT_FORMAT)


class SynthRequest(SpeechFields):
    text: Text


class BatchRequest(SpeechFields):
    texts: Annotated[list[str], Field(min_length=1, max_length=MOST_TEXTS)]


class BatchItem(BaseModel):
    index: int
    success: bool
    text: str | None = Field(None, description="The first hundred characters.")
    audio_base64: str | None = None
    duration: float | None = Field(None, description="Seconds.")
    size: int | None = Field(None, description="Bytes.")
    format: Format | None = None
    engine: str | None = None
    voice: str | None = None
    error: str | None = None


class BatchAnswer(BaseModel):
    success: bool = Field(description="The request was carried out, whatever became of its texts.")
    total_texts: int
    successful: int
    failed: int
    results: list[BatchItem]


class Preview(BaseModel):
    success: bool = True
    text_preview: str = Field(description="The first hundred characters.")
    text_length: int
    language: str
    engine: str = Field(description="The engine that would speak.")
    voice: str = Field(description="The voice that would speak.")
    estimated_duration: float = Field(description="Seconds, about.")
    available_engines: list[str]


class Wishes:
    """A text and all that is wished for it, out of the request and what the listener says."""

    def __init__(self, text: str, fields: SpeechFields, output: OutputDefaults, options: TTSKitOptions) -> None:
        """Raises InvalidText for one without a word, and TextTooLong."""
        named, self.text = split_language(text) if options.language_prefix else (None, text)
        if not self.text.strip():
            raise InvalidText("Text is empty", param="text")
        most = output.text_characters or TEXT_CHARACTERS
        if len(self.text) > most:
            raise TextTooLong(f"Text too long: {len(self.text)} characters (max: {most})", param="text")
        self.language = named or fields.lang or output.language or LANGUAGE
        self.format = fields.named_format(output)
        self._fields = fields
        self._output = output
        self._channels = fields.channels or options.channels

    def config(self, permission: Permission) -> SynthesisConfig:
        fields, output, format = self._fields, self._output, FORMATS[self.format]
        wanted = fields.sample_rate or output.sample_rate
        return SynthesisConfig(
            engine=output.engine if fields.engine == AUTO else fields.engine,
            voice=fields.voice or output.voice,
            language=self.language,
            format=format,
            # The nearest that it carries, and never a refusal: one rate is said for all formats.
            sample_rate=None if wanted is None else resolve_sample_rate(format, None, wanted),
            channels=self._channels,
            speed=said(fields, "rate", fields.rate),
            pitch=fields.pitch,
            parameters=output.parameters,
            ignore_unknown_parameters=True,
            permission=permission,
        )


def beginning(text: str) -> str:
    """The first hundred characters, by which people recognise a text."""
    return f"{text[:100]}..." if len(text) > 100 else text
