"""An engine as work in a thread sees it: what it is is answered from its description, its calls go to its backend.

So code that renders, cuts and encodes between two results of an engine does not know where the engine runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Generic, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from adapters.execution.backends.backend import Backend
from adapters.execution.values import Value, params_fields, read_segment, read_spoken_words, voice_fields
from stts.engine_api import (
    Engine,
    EngineInfo,
    EngineKind,
    ListenParams,
    ModelInfo,
    Progress,
    Samples,
    Segment,
    SpeechParams,
    STTEngine,
    TimedSamples,
    TTSEngine,
    TurnEngine,
    VADEngine,
    Voice,
)
from stts.speaker_engine import SpeakerEngine
from stts.streams.closing import closing_iterator

E = TypeVar("E", bound=Engine)
D = TypeVar("D", bound=Engine)


def client_of(engine: E, backend: Backend) -> E:
    """A client of the engine's kind. `engine` is what describes it, loaded or not."""
    return cast(E, _CLIENTS[engine.info.kind](engine, backend))


class _Client(Engine, Generic[D]):
    def __init__(self, engine: D, backend: Backend) -> None:
        super().__init__(engine.options)
        self.Options = engine.Options  # type: ignore[misc]
        self.Parameters = engine.Parameters  # type: ignore[misc]
        self.options_key = engine.options_key
        self._engine = engine
        self._backend = backend

    @property
    def info(self) -> EngineInfo:
        return self._engine.info

    def models(self) -> Sequence[ModelInfo]:
        return self._engine.models()

    def voices(self) -> Sequence[Voice]:
        return self._engine.voices()

    def load(self, progress: Progress) -> None:
        self._backend.load(progress)

    def unload(self) -> None:
        self._backend.unload()

    def _result(self, method: str, *values: Value) -> Any:
        """The result of a call that has one."""
        with closing_iterator(self._backend.call(method, values)) as results:
            (result,) = results
        return result


class _SpeechClient(_Client[TTSEngine], TTSEngine):
    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        results = self._backend.call("synthesize", (text, voice_fields(voice), params_fields(params)))
        return cast(Iterator[Samples], results)

    def synthesize_timed(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[TimedSamples]:
        values = (text, voice_fields(voice), params_fields(params))
        with closing_iterator(self._backend.call("synthesize_timed", values)) as results:
            for samples, words in cast(Iterator[list[Any]], results):
                yield TimedSamples(samples, read_spoken_words(words))

    def phonemes(self, text: str, voice: Voice) -> str:
        return str(self._result("phonemes", text, voice_fields(voice)))


class _TranscriptionClient(_Client[STTEngine], STTEngine):
    def transcribe(self, samples: Samples, params: ListenParams) -> Iterator[Segment]:
        with closing_iterator(self._backend.call("transcribe", (samples, params_fields(params)))) as results:
            for result in cast(Iterator[dict[str, Any]], results):
                yield read_segment(result)

    def begin(self, params: ListenParams) -> None:
        self._result("begin", params_fields(params))

    def hear(self, samples: Samples) -> str:
        return str(self._result("hear", samples))

    def end(self) -> Sequence[Segment]:
        return [read_segment(values) for values in self._result("end")]


class _VoiceActivityClient(_Client[VADEngine], VADEngine):
    def __init__(self, engine: VADEngine, backend: Backend) -> None:
        super().__init__(engine, backend)
        self.frame_samples = engine.frame_samples  # type: ignore[misc]

    def new_state(self) -> NDArray[np.float32]:
        return self._engine.new_state()

    def probabilities(
        self, frames: NDArray[np.float32], states: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        speech, after = self._result("probabilities", frames, states)
        return speech, after

    def judge(
        self, frames: NDArray[np.float32], counts: NDArray[np.int64], states: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        speech, after = self._result("judge", frames, counts, states)
        return speech, after


class _TurnClient(_Client[TurnEngine], TurnEngine):
    def finished(self, samples: Samples) -> float:
        return float(self._result("finished", samples))


class _SpeakerClient(_Client[SpeakerEngine], SpeakerEngine):
    def __init__(self, engine: SpeakerEngine, backend: Backend) -> None:
        super().__init__(engine, backend)
        self.window_seconds, self.hop_seconds = engine.window_seconds, engine.hop_seconds  # type: ignore[misc]

    @property
    def same_speaker(self) -> float:
        return self._engine.same_speaker

    def vectors(self, samples: Samples) -> NDArray[np.float32]:
        return np.asarray(self._result("vectors", samples), np.float32)


_CLIENTS: dict[EngineKind, type[_Client[Any]]] = {
    "tts": _SpeechClient,
    "stt": _TranscriptionClient,
    "vad": _VoiceActivityClient,
    "turn": _TurnClient,
    "speaker": _SpeakerClient,
}
