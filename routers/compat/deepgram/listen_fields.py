"""The query of /v1/listen, as Deepgram's clients send it: over HTTP and on the socket.

What nobody here does is told as a warning and left out, as the real service tells of parameters that a model has not.
Only what would be worse than no answer is refused: to send something to another address, and a transcript that still
holds what was to be removed from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import AliasChoices, ConfigDict, Field, ValidationError
from starlette.datastructures import QueryParams

from routers.compat.deepgram.models import DEFAULT_LISTENING
from routers.compat.deepgram.options import DeepgramOptions
from routers.http.lenient_fields import LenientFields
from routers.http.names import NAME_CHARACTERS, LanguageTag
from routers.sockets.messages import invalid
from stts.audio.pcm import PCMFormat, check_format
from stts.errors import InvalidParameter, UnsupportedFormat
from stts.transcription import TranscriptionConfig

PCM: Mapping[str, PCMFormat] = {"linear16": "pcm_s16le", "linear32": "pcm_f32le", "mulaw": "pcmu", "alaw": "pcma"}
"""Deepgram's encodings without a container -> this server's."""
CONTAINERS = frozenset({"flac", "opus", "ogg-opus"})
"""Encodings that come as one file, whose beginning says what it is."""
MOST_TERMS = 100
PROMPT_CHARACTERS = 4000
IGNORED = (
    *("diarize", "diarize_model", "numerals", "measurements", "filler_words", "profanity_filter", "dictation"),
    *("replace", "search", "detect_entities", "sentiment", "summarize", "topics", "intents"),
    *("custom_topic", "custom_intent"),
)
"""Parameters that nobody here carries out."""

Term = Annotated[str, Field(max_length=NAME_CHARACTERS)]
Fields = TypeVar("Fields", bound="ListenFields")


class ListenFields(LenientFields):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    model: str = Field(DEFAULT_LISTENING, max_length=NAME_CHARACTERS)
    language: LanguageTag = None
    detect_language: list[str] = Field([], description="`true`, or languages that it may be.", max_length=MOST_TERMS)
    smart_format: bool = False
    punctuate: bool = False
    keywords: list[Term] = Field(
        [], description="With `:` and a weight, which counts for nothing.", max_length=MOST_TERMS
    )
    keyterm: list[Term] = Field([], max_length=MOST_TERMS, validation_alias=AliasChoices("keyterm", "keyterms"))
    encoding: str | None = Field(None, max_length=NAME_CHARACTERS)
    sample_rate: int | None = None
    channels: int = Field(1, ge=1, le=8)
    multichannel: bool = False
    diarize: bool = False
    redact: list[Term] = Field([], max_length=MOST_TERMS)
    callback: str | None = None
    tag: list[Term] = Field([], max_length=MOST_TERMS)
    ignored: list[str] = Field([], exclude=True)

    @property
    def formatted(self) -> bool:
        """The transcript has its punctuation and capitals."""
        return self.punctuate or self.smart_format

    @property
    def detects(self) -> bool:
        return bool(self.detect_language) and self.detect_language[0].lower() not in ("false", "0", "no")

    @property
    def pcm(self) -> PCMFormat | None:
        """The format of audio without a container; None: a file says by itself what it is."""
        return PCM.get(self.encoding or "")

    def check(self) -> None:
        """Raises InvalidParameter and UnsupportedFormat for what is not done here at all."""
        if self.callback is not None:
            raise InvalidParameter(
                "callback: this server answers whoever asks, and sends nothing to other addresses.", param="callback"
            )
        if any(each.lower() not in ("false", "") for each in self.redact):
            raise InvalidParameter("redact: nothing is removed from transcripts here.", param="redact")
        self._check_encoding()

    def _check_encoding(self) -> None:
        if self.encoding is None:
            return
        if self.pcm is None:
            if self.encoding not in CONTAINERS:
                allowed = [*PCM, *sorted(CONTAINERS)]
                raise UnsupportedFormat(
                    f"There is no such encoding here; there are {', '.join(allowed)}.",
                    param="encoding",
                    allowed=allowed,
                )
            return
        if self.sample_rate is None:
            raise InvalidParameter(f"sample_rate: it is needed with {self.encoding}.", param="sample_rate")
        check_format(self.pcm, self.sample_rate)

    def config(self, engine: str, options: DeepgramOptions, *, partials: bool = False) -> TranscriptionConfig:
        given = "language" in self.model_fields_set
        language = None if self.detects else self.language if given else options.language
        terms = [*(each.partition(":")[0] for each in self.keywords), *self.keyterm]
        return TranscriptionConfig(
            engine=engine,
            language=language,
            partials=partials,
            prefer_word_times=True,
            prompt=joined_terms(terms),
        )

    def warnings(self) -> list[dict[str, str]]:
        """Deepgram's own shape of what was not done as asked."""
        return [
            {
                "parameter": name,
                "type": "unsupported_parameter",
                "message": f"{name} is not done here, and was ignored.",
            }
            for name in self.ignored
        ]


def read_query(shape: type[Fields], query: QueryParams) -> Fields:
    """Raises InvalidParameter. A name that stands several times is a list where one is meant, else the last counts."""
    values: dict[str, Any] = {name: query.getlist(name) for name in query}
    several = {name for name, field in shape.model_fields.items() if field.annotation in (list[str], list[Term])}
    several.add("keyterms")
    flat = {name: given if name in several else given[-1] for name, given in values.items()}
    wanted = [name for name in IGNORED if flat.get(name, "false").lower() not in ("false", "")]
    try:
        return shape.model_validate({**flat, "ignored": wanted})
    except ValidationError as error:
        raise invalid(error) from None


def joined_terms(terms: Iterable[str]) -> str | None:
    """Terms as the hint that engines take, as far as they fit into it."""
    return ", ".join(each for each in terms if each)[:PROMPT_CHARACTERS] or None
