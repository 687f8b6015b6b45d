"""Runs calls of plain values on an engine: the far side of every backend, in a thread here or in a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from adapters.execution.values import Value, read_params, read_voice, segment_fields
from stts.engine_api import Engine, ListenParams, SpeechParams, STTEngine, TTSEngine, TurnEngine, VADEngine
from stts.speaker_engine import SpeakerEngine
from stts.spoken_words import words_plain


def serve(engine: Engine, method: str, values: Sequence[Any]) -> Iterator[Value]:
    """The results of one call, as the engine makes them. Raises what the engine raises, and KeyError for no method."""
    return METHODS[method](engine, *values)


def serve_many(engine: Engine, method: str, calls: Sequence[Sequence[Any]]) -> Iterator[tuple[int, Value]]:
    """The results of several calls, one call after the other, each with the number of its call."""
    for number, values in enumerate(calls):
        results = serve(engine, method, values)
        try:
            for result in results:
                yield number, result
        finally:
            _close(results)


def _synthesize(engine: TTSEngine, text: str, voice: Mapping[str, Any], params: Mapping[str, Any]) -> Iterator[Value]:
    return engine.synthesize(text, read_voice(voice), read_params(SpeechParams, engine.Parameters, params))


def _synthesize_timed(
    engine: TTSEngine, text: str, voice: Mapping[str, Any], params: Mapping[str, Any]
) -> Iterator[Value]:
    blocks = engine.synthesize_timed(text, read_voice(voice), read_params(SpeechParams, engine.Parameters, params))
    try:
        for block in blocks:
            yield [block.samples, words_plain(block.words)]
    finally:
        _close(blocks)


def _phonemes(engine: TTSEngine, text: str, voice: Mapping[str, Any]) -> Iterator[Value]:
    yield engine.phonemes(text, read_voice(voice))


def _transcribe(engine: STTEngine, samples: Any, params: Mapping[str, Any]) -> Iterator[Value]:
    segments = engine.transcribe(samples, read_params(ListenParams, engine.Parameters, params))
    try:
        for segment in segments:
            yield segment_fields(segment)
    finally:
        _close(segments)


def _transcribe_many(engine: STTEngine, regions: Sequence[Sequence[Any]]) -> Iterator[Value]:
    asked = [(samples, read_params(ListenParams, engine.Parameters, params)) for samples, params in regions]
    heard = engine.transcribe_many(asked)
    try:
        for number, segments in heard:
            yield [number, [segment_fields(segment) for segment in segments]]
    finally:
        _close(heard)


def _begin(engine: STTEngine, params: Mapping[str, Any]) -> Iterator[Value]:
    engine.begin(read_params(ListenParams, engine.Parameters, params))
    yield None


def _hear(engine: STTEngine, samples: Any) -> Iterator[Value]:
    yield engine.hear(samples)


def _end(engine: STTEngine) -> Iterator[Value]:
    yield [segment_fields(segment) for segment in engine.end()]


def _probabilities(engine: VADEngine, frames: Any, states: Any) -> Iterator[Value]:
    speech, after = engine.probabilities(frames, states)
    yield [speech, after]


def _judge(engine: VADEngine, frames: Any, counts: Any, states: Any) -> Iterator[Value]:
    speech, after = engine.judge(frames, counts, states)
    yield [speech, after]


def _finished(engine: TurnEngine, samples: Any) -> Iterator[Value]:
    yield engine.finished(samples)


def _vectors(engine: SpeakerEngine, samples: Any) -> Iterator[Value]:
    yield engine.vectors(samples)


def _installed(engine: Engine) -> Iterator[Value]:
    yield engine.installed()


METHODS: Mapping[str, Callable[..., Iterator[Value]]] = {
    "synthesize": _synthesize,
    "synthesize_timed": _synthesize_timed,
    "phonemes": _phonemes,
    "transcribe": _transcribe,
    "transcribe_many": _transcribe_many,
    "begin": _begin,
    "hear": _hear,
    "end": _end,
    "probabilities": _probabilities,
    "judge": _judge,
    "finished": _finished,
    "vectors": _vectors,
    "installed": _installed,
}
"""Everything that can be asked of an engine."""


def _close(iterator: Iterator[Any]) -> None:
    """Engines promise an iterator, which may be no generator."""
    close = getattr(iterator, "close", None)
    if close is not None:
        close()
