"""The requests of OpenAI's transcriptions and translations, as its clients send them.

Lists may be named `name[]` or `name`. Fields that the hosted service takes only together with certain models or formats
are taken with any: what has no place in an answer is told in a warning.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import UploadFile
from pydantic import Field, ValidationError, model_validator

from routers.compat.openai.chunking_fields import FIELD, ServerVAD, asked_chunking, with_members
from routers.compat.openai.schemas import Fields, Model
from routers.compat.openai.speaker_fields import MOST_SPEAKERS, speaker_wishes
from routers.http.names import NAME_CHARACTERS, NO_KEYWORD, WHAT_NO_KEYWORD_HAS, LanguageTag
from routers.http.subtitle_fields import CueSeconds, LineCount, LineWidth, WordsPerLine
from routers.http.transcripts import SUBTITLES, cue_rules
from stts.errors import InvalidParameter
from stts.hosted_models import formats_of
from stts.settings import STTSettings
from stts.text.cues import CueRules
from stts.transcription import Chunking, SpeakerWishes, TranscriptFormat, TranscriptionConfig

PROMPT_CHARACTERS = 4000
MOST_ITEMS = 100
"""Entries of one list in a form."""
BRACKETS = "[]"
"""Some clients name a list `name[]`, some `name`."""
LOGPROBS = "logprobs"
DIARIZED = "diarized_json"
ResponseFormat = Literal["json", "text", "srt", "vtt", "verbose_json", "diarized_json"]
DETAILED: frozenset[str] = frozenset({"json", "verbose_json"})
"""Formats that have a place for log probabilities."""

Name = Annotated[str, Field(max_length=NAME_CHARACTERS)]


class ListeningForm(Fields):
    """Form fields shared by transcriptions and translations."""

    file: UploadFile = Field(description="Any audio or video container.")
    model: Model
    prompt: str = Field("", max_length=PROMPT_CHARACTERS)
    response_format: ResponseFormat = "json"
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
        values = with_members(values)
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
        [], description="One: as `language`. Several: the spoken one is found among them.", max_length=MOST_ITEMS
    )
    keywords: list[Name] = Field(
        [], description="Words to expect, without `<`, `>` and line breaks.", max_length=MOST_ITEMS
    )
    timestamp_granularities: list[Literal["word", "segment"]] = Field(
        [], description="For verbose_json; default: segment.", max_length=MOST_ITEMS
    )
    include: list[Name] = Field(
        [], description="`logprobs`: how likely each token is, where the engine tells it.", max_length=MOST_ITEMS
    )
    stream: bool = Field(False, description="Server-sent events.")
    chunking_strategy: str = Field(
        "", description='"auto", or an object in JSON: {"type": "server_vad", "silence_duration_ms": 200}.'
    )

    known_speaker_names: list[Name] = Field(
        [],
        description="For diarized_json: speakers who are known, as many as recordings of them.",
        max_length=MOST_ITEMS,
    )
    known_speaker_references: list[str] = Field(
        [], description="A recording of each, 2 to 10 s, as a data URL.", max_length=MOST_ITEMS
    )
    num_speakers: int | None = Field(
        None, description="Extension, for diarized_json: how many people speak.", ge=1, le=MOST_SPEAKERS
    )

    def config(self, engine: str) -> TranscriptionConfig:
        """Blocking where there are recordings of speakers. Raises InvalidParameter for what does not go together."""
        if self.prompt and DIARIZED in formats_of(self.model):
            raise InvalidParameter("This model takes no prompt: leave it out, or name another model.", param="prompt")
        if any(NO_KEYWORD.search(keyword) for keyword in self.keywords):
            raise InvalidParameter(WHAT_NO_KEYWORD_HAS, param="keywords")
        return TranscriptionConfig(
            engine=engine,
            language=self.language,
            languages=() if self.language else tuple(language for language in self.languages if language),
            word_timestamps=self.response_format == "verbose_json" and "word" in self.timestamp_granularities,
            prefer_word_times=self.response_format in SUBTITLES,
            prompt=self.prompt or None,
            keywords=tuple(stripped for keyword in self.keywords if (stripped := keyword.strip())),
            logprobs=LOGPROBS in self.include and self.response_format in DETAILED,
            chunking=self._chunking(),
            speakers=self._speakers(),
            parameters=self.parameters(),
            ignore_unknown_parameters=True,
        )

    def warnings(self) -> list[str]:
        found = []
        if self.include and self.response_format not in DETAILED:
            found.append("include was ignored: log probabilities are in json and verbose_json only")
        if others := [name for name in self.include if name != LOGPROBS]:
            found.append(f"include: {len(others)} unknown ignored; there is {LOGPROBS}")
        if self.response_format != DIARIZED and (self.known_speaker_names or self.known_speaker_references):
            found.append("known speakers were ignored: speakers are in diarized_json only")
        if self.response_format != DIARIZED and self.num_speakers is not None:
            found.append("num_speakers was ignored: speakers are in diarized_json only")
        if self.language and self.languages:
            found.append("languages was ignored: language says which one is spoken")
        if self.timestamp_granularities and self.response_format != "verbose_json":
            found.append("timestamp_granularities was ignored: times are in verbose_json only")
        return found

    def _speakers(self) -> SpeakerWishes | None:
        if self.response_format != DIARIZED:
            return None
        names, references = self.known_speaker_names, self.known_speaker_references
        return speaker_wishes(names, references, self.num_speakers, early=self.stream)

    def _chunking(self) -> Chunking | None:
        asked = asked_chunking(self.chunking_strategy)
        if asked is None:
            return None
        try:
            return ServerVAD.model_validate(asked).chunking()
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False, include_context=False)[0]
            member = ".".join(map(str, first["loc"]))
            raise InvalidParameter(f"{first['msg']}.", param=f"{FIELD}.{member}") from None


class CreateTranslationRequest(ListeningForm):
    response_format: TranscriptFormat = "json"

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
