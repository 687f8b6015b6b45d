"""The requests of OpenAI's audio API, as its clients send them.

Null counts as absent, and fields that nobody here knows are ignored: clients of other servers send many.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import UploadFile
from pydantic import ConfigDict, Field, WithJsonSchema, model_validator

from routers.core.tts_schemas import TEXT_FIELD_CHARACTERS
from routers.http.lenient_fields import LenientFields, said
from routers.http.names import NAME_CHARACTERS, LanguageTag, VoiceName
from routers.http.subtitle_fields import CueSeconds, LineCount, LineWidth, WordsPerLine
from routers.http.transcripts import SUBTITLES, cue_rules
from stts.access.permission import EVERYTHING, Permission
from stts.context import Priority
from stts.errors import InvalidParameter
from stts.settings import STTSettings
from stts.speech import AudioFormat, Markup, SynthesisConfig
from stts.text.cues import CueRules
from stts.transcription import TranscriptFormat, TranscriptionConfig

PCM_SAMPLE_RATE = 24_000
"""Hz: clients play `pcm`, which has no header, at this rate."""
PROMPT_CHARACTERS = 4000
MOST_ITEMS = 100
"""Entries of one list in a form."""
BRACKETS = "[]"
"""Some clients name a list `name[]`, some `name`."""

VOICE_SCHEMA = {
    "anyOf": [
        {"type": "string", "maxLength": NAME_CHARACTERS},
        {"type": "object", "properties": {"id": {"type": "string", "maxLength": NAME_CHARACTERS}}, "required": ["id"]},
    ]
}
"""A name, or an object with an id as newer clients send it."""

Name = Annotated[str, Field(max_length=NAME_CHARACTERS)]
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


class ListeningForm(Fields):
    """Form fields shared by transcriptions and translations."""

    file: UploadFile = Field(description="Any audio or video container.")
    model: Model
    prompt: str = Field("", max_length=PROMPT_CHARACTERS)
    response_format: TranscriptFormat = "json"
    temperature: float = Field(0.0, ge=0, le=1, description="0: the engine's own choice.")
    max_line_width: LineWidth = None
    max_line_count: LineCount = None
    max_words_per_line: WordsPerLine = None
    max_cue_seconds: CueSeconds = None

    @model_validator(mode="before")
    @classmethod
    def _read_form(cls, values: Any) -> Any:
        """Joins `name[]` with `name`; what is empty counts as absent."""
        if not isinstance(values, dict):
            return values
        form = {name: value for name, value in values.items() if value != "" and not name.endswith(BRACKETS)}
        for name in values:
            if name.endswith(BRACKETS):
                bare = name.removesuffix(BRACKETS)
                form[bare] = [*_items(form.get(bare)), *_items(values[name])]
        return {name: _items(value) if isinstance(value, list) else value for name, value in form.items()}

    def parameters(self) -> dict[str, Any]:
        """Parameters of the engine. A temperature of 0 is left to the engine, which raises it where it must."""
        return self.unknown() | ({"temperature": self.temperature} if self.temperature else {})

    def cue_rules(self, settings: STTSettings) -> CueRules:
        return cue_rules(
            settings,
            line_width=self.max_line_width,
            line_count=self.max_line_count,
            words_per_line=self.max_words_per_line,
            cue_seconds=self.max_cue_seconds,
        )

    def warnings(self) -> list[str]:
        """Warnings: parts of the request that are answered otherwise than asked."""
        return []


class CreateTranscriptionRequest(ListeningForm):
    """Lists may be named `name[]` or `name`."""

    language: LanguageTag = Field(None, description="ISO 639-1, BCP 47, or a name.")
    languages: list[LanguageTag] = Field(
        [], description="One: as `language`. Several: detected.", max_length=MOST_ITEMS
    )
    keywords: list[Name] = Field([], description="Words to expect; they go before the prompt.", max_length=MOST_ITEMS)
    timestamp_granularities: list[Literal["word", "segment"]] = Field(
        [], description="For verbose_json; default: segment.", max_length=MOST_ITEMS
    )
    include: list[Name] = Field(
        [], description="Accepted; no engine here tells log probabilities.", max_length=MOST_ITEMS
    )
    stream: bool = Field(False, description="Server-sent events; for json and text.")
    chunking_strategy: str = Field("", description="Accepted; speech is always found by voice activity.")

    def config(self, engine: str) -> TranscriptionConfig:
        """Raises InvalidParameter for what does not go together."""
        self._check()
        only = self.languages[0] if len(self.languages) == 1 else None
        return TranscriptionConfig(
            engine=engine,
            language=self.language or only,
            word_timestamps=self.response_format == "verbose_json" and "word" in self.timestamp_granularities,
            prefer_word_times=self.response_format in SUBTITLES,
            prompt=" ".join(part for part in (", ".join(self.keywords), self.prompt) if part) or None,
            parameters=self.parameters(),
            ignore_unknown_parameters=True,
        )

    def warnings(self) -> list[str]:
        found = []
        if self.include:
            found.append("include was ignored: no engine here tells log probabilities")
        if self.timestamp_granularities and self.response_format != "verbose_json":
            found.append("timestamp_granularities was ignored: times are in verbose_json only")
        return found

    def _check(self) -> None:
        if self.stream and self.response_format not in ("json", "text"):
            raise InvalidParameter("Only json and text can be streamed.", param="stream", allowed=["json", "text"])


class CreateTranslationRequest(ListeningForm):
    def config(self, engine: str) -> TranscriptionConfig:
        return TranscriptionConfig(
            engine=engine,
            task="translate",
            prefer_word_times=self.response_format in SUBTITLES,
            prompt=self.prompt or None,
            parameters=self.parameters(),
            ignore_unknown_parameters=True,
        )


def _items(value: Any) -> list[Any]:
    """Entries of a list without the empty ones, which a form sends for a list that is not filled in."""
    if value is None:
        return []
    return [item for item in (value if isinstance(value, list) else [value]) if item != ""]
