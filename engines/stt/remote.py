"""Listens through another server that has OpenAI's transcription API.

Asks for segments with their times, and for plain text where the model behind it has no more. A server is named by
`engines.options.remote_stt`, further ones by `engines.instances`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from types import MappingProxyType
from typing import Any

from pydantic import Field

from engines.remote_api import PACKAGE, Connection, RemoteOptions, leaves_machine
from stts.audio.wav import whole_file
from stts.engine_api import (
    STT_SAMPLE_RATE,
    Abilities,
    EngineInfo,
    EngineLimits,
    ListenParams,
    ModelInfo,
    Progress,
    Samples,
    Segment,
    STTEngine,
    Word,
)
from stts.errors import EngineError, InvalidParameter
from stts.language_names import NAMES
from stts.languages import primary

PATHS = {"transcribe": "/audio/transcriptions", "translate": "/audio/translations"}


class Detail(IntEnum):
    """Ways to ask for a transcript, from the most detailed one."""

    WORDS = 0
    """Segments and words with their times."""
    SEGMENTS = 1
    PLAIN = 2


class RemoteListeningOptions(RemoteOptions):
    model: str = Field(default="whisper-1", description="Model asked for.")


class RemoteListeningEngine(STTEngine):
    Options = RemoteListeningOptions
    options: RemoteListeningOptions

    _connection: Connection | None = None
    _known: Mapping[str, Detail] = MappingProxyType({})
    """The most detail that a path gives, where it has refused more."""

    @property
    def info(self) -> EngineInfo:
        options = self.options
        return EngineInfo(
            name="remote_stt",
            kind="stt",
            description="Another server that has OpenAI's transcription API",
            languages=options.languages,
            abilities=Abilities(word_times=True, translation=True, language_detection=True, prompt=True),
            limits=EngineLimits(max_seconds=30.0, concurrency=options.requests),
            network=leaves_machine(options.base_url),
            packages=(PACKAGE,),
            install=f"pip install httpx, and set {self.option('base_url')}",
            licence="that of the other server",
        )

    def models(self) -> Sequence[ModelInfo]:
        return (ModelInfo(self.options.model),)

    def installed(self) -> bool:
        return self.options.base_url is not None and super().installed()

    def load(self, progress: Progress) -> None:
        self.require_installed()
        self.unload()
        self._connection = Connection(self.options, self.option("base_url").removesuffix(".base_url"))
        self._known = {}
        progress("ready", 1.0)

    def unload(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def transcribe(self, samples: Samples, params: ListenParams) -> Iterator[Segment]:
        seconds = len(samples) / STT_SAMPLE_RATE
        answer = self._asked(whole_file(samples, STT_SAMPLE_RATE), params)
        if not isinstance(answer, dict):
            raise EngineError(f"The server at {self.option('base_url')} answers with something that is no transcript.")
        segments = answer.get("segments")
        if isinstance(segments, list) and segments:
            words = [each for each in answer.get("words") or () if isinstance(each, dict)]
            yield from _segments(segments, words, seconds, _language(answer, params))
        elif isinstance(text := answer.get("text"), str):
            if text.strip():
                yield Segment(text.strip(), 0.0, seconds, language=_language(answer, params))
        else:
            raise EngineError(f"The server at {self.option('base_url')} answers with something that is no transcript.")

    def _asked(self, recording: bytes, params: ListenParams) -> Any:
        """The answer in as much detail as is wanted and the model behind the path gives.

        What it refuses is remembered where it grants less: then the detail was the cause, and nothing else.
        """
        connection = self._connection
        if connection is None:
            raise EngineError("The engine is not loaded.")
        path = PATHS[params.task]
        file = {"file": ("speech.wav", recording, "audio/wav")}
        wanted = Detail.WORDS if params.word_timestamps else Detail.SEGMENTS
        first = detail = max(wanted, self._known.get(path, wanted))
        while True:
            try:
                answer = connection.post_json(path, data=self._fields(params, detail), files=file)
                break
            except InvalidParameter:
                if detail is Detail.PLAIN:
                    raise
                detail = Detail(detail + 1)
        if detail is not first:
            self._known = {**self._known, path: detail}
        return answer

    def _fields(self, params: ListenParams, detail: Detail) -> dict[str, Any]:
        plain = detail is Detail.PLAIN
        fields: dict[str, Any] = {"model": self.options.model, "response_format": "json" if plain else "verbose_json"}
        if params.language is not None and params.task == "transcribe":
            fields["language"] = primary(params.language)
        if params.prompt:
            fields["prompt"] = params.prompt
        if detail is Detail.WORDS:
            fields["timestamp_granularities[]"] = ["word", "segment"]
        return fields


def _segments(
    segments: Sequence[Any], words: Sequence[Mapping[str, Any]], seconds: float, language: str | None
) -> Iterator[Segment]:
    """Segments in the order of their times, which are held within the audio."""
    last = 0.0
    for entry in segments:
        if not isinstance(entry, dict) or not str(entry.get("text") or "").strip():
            continue
        start = max(last, _time(entry.get("start"), seconds))
        end = max(start, _time(entry.get("end"), seconds))
        last = start
        yield Segment(
            str(entry["text"]).strip(),
            start,
            end,
            words=tuple(_word(each, start, end) for each in words if _belongs(each, start, end)),
            language=language,
            temperature=_number(entry, "temperature") or 0.0,
            avg_logprob=_number(entry, "avg_logprob"),
            compression_ratio=_number(entry, "compression_ratio"),
            no_speech_prob=_number(entry, "no_speech_prob"),
        )


def _number(entry: Mapping[str, Any], name: str) -> float | None:
    value = entry.get(name)
    return float(value) if isinstance(value, (int, float)) else None


def _belongs(word: Mapping[str, Any], start: float, end: float) -> bool:
    begins = word.get("start")
    return isinstance(begins, (int, float)) and start <= begins < end and bool(str(word.get("word") or "").strip())


def _word(entry: Mapping[str, Any], start: float, end: float) -> Word:
    begins = min(max(float(entry["start"]), start), end)
    return Word(str(entry["word"]).strip(), begins, max(begins, _time(entry.get("end"), end)))


def _time(value: Any, seconds: float) -> float:
    return min(max(float(value), 0.0), seconds) if isinstance(value, (int, float)) else seconds


def _language(answer: Mapping[str, Any], params: ListenParams) -> str | None:
    """Its tag: such servers tell a language by name (`english`) or by code."""
    told = answer.get("language")
    if not isinstance(told, str):
        return params.language
    return NAMES.get(told.lower(), told.lower() if 2 <= len(told) <= 3 else params.language)
