"""sherpa-onnx: models of the next generation of Kaldi and of others, in onnxruntime; those that stream listen live.

A model is a folder. The library prints to the error stream, ends its process at models that are not what they say, and
has an onnxruntime of its own, so it runs in child processes: one for each stream.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engines.stt.sherpa_onnx_checks import Tokens, check, check_pieces
from engines.stt.sherpa_onnx_hotwords import favours, unit_of, why_none, written
from engines.stt.sherpa_onnx_models import SherpaModel, find
from engines.stt.sherpa_onnx_options import SherpaOnnxOptions, SherpaOnnxParameters
from engines.stt.sherpa_onnx_recognizer import Recognizers, languages
from engines.stt.sherpa_onnx_words import Heard
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
)
from stts.errors import EngineError, EngineLoadFailed, EngineWeightsMissing, InvalidParameter
from stts.languages import best_match

PACKAGE = "sherpa_onnx"
LOOK_SECONDS = 1.0
"""Between two looks for a model that is missing: the description is asked for more often than a disk should be."""
SHORTEST = round(0.1 * STT_SAMPLE_RATE)
"""Samples below which some kinds have no frame."""
SILENCE_PEAK = 1e-4
PIECE = round(0.5 * STT_SAMPLE_RATE)
TAIL_SECONDS = 0.4
"""Silence given to a stream at its end, beyond what its network takes at once: words are decided on a little after they
were spoken."""


class SherpaOnnxEngine(STTEngine):
    Options = SherpaOnnxOptions
    Parameters = SherpaOnnxParameters
    options: SherpaOnnxOptions

    _found: SherpaModel | None = None
    _next_look = 0.0
    """The model that `info` has found in the folder."""
    _model: SherpaModel | None = None
    """The model that is loaded."""
    _tokens = Tokens(capitals=False, characters=False)
    _unit = ""
    """How hotwords are cut into tokens; empty: there can be none."""
    _recognizers: Recognizers | None = None
    _recognizer: Any = None
    """The one at work."""
    _stream: Any = None
    _heard = 0
    """Samples since `begin` or the last `end`."""
    _params: ListenParams = ListenParams()

    @property
    def info(self) -> EngineInfo:
        options, model = self.options, self._described()
        spoken = languages(model, options)
        kind = "" if model is None else model.kind
        return EngineInfo(
            name="sherpa_onnx",
            kind="stt",
            description="sherpa-onnx: transducers and other models in onnxruntime, live where the model streams",
            languages=spoken,
            abilities=Abilities(
                word_times=model is None or model.timed,
                live=model is not None and model.live,
                language_detection=kind in ("sense_voice", "whisper") and len(spoken) > 1,
                keywords=favours(model, beams=options.decoding == "modified_beam_search"),
                logprobs=kind.endswith("transducer"),
            ),
            limits=EngineLimits(max_seconds=28.0, concurrency=options.processes, live_sessions=options.live_processes),
            runs_in="process",
            packages=(PACKAGE,),
            install="pip install -r requirements/sherpa_onnx.txt",
            licence="Apache-2.0; each model has its own",
            maker="k2-fsa",
            homepage="https://k2-fsa.github.io/sherpa/onnx",
        )

    def models(self) -> Sequence[ModelInfo]:
        return (ModelInfo(Path(self.options.model or self.info.name).name),)

    def weights_present(self) -> bool:
        # Asked while nothing is loaded: the description is that of what would be.
        return (self._look() if self._model is not None else self._look_now()) is not None

    def fetches(self) -> bool:
        return False

    def outdated(self) -> bool:
        # Also where nothing was found yet: a child may have loaded meanwhile what came since the last look.
        return self._find() != self._found

    def look_again(self) -> None:
        self._found, self._next_look = None, 0.0

    def load(self, progress: Progress) -> None:
        self.require_installed()
        folder = self.require_weights(self._named())
        try:
            model = find(folder, self.options.kind, int8=self.options.int8)
            tokens = check(model)
            unit = unit_of(model, tokens) if self.options.decoding == "modified_beam_search" else ""
            if "bpe" in unit and model.vocabulary is not None:
                check_pieces(model.vocabulary)
        except OSError as error:
            raise EngineLoadFailed(f"{self.option('model')}: the model cannot be read: {error.strerror}.") from error
        if self.options.hotwords and not unit:
            raise EngineLoadFailed(f"{self.option('hotwords')}: {why_none(model)}")
        progress("loading", None)
        self._recognizers = Recognizers(model, self.options, unit)
        self._model, self._tokens, self._unit = model, tokens, unit
        progress("ready", 1.0)

    def unload(self) -> None:
        self._model = self._recognizers = self._recognizer = self._stream = None

    def transcribe(self, samples: Samples, params: ListenParams) -> Iterator[Segment]:
        model = self._loaded()
        hotwords = self._hotwords(model, params)
        if len(samples) < SHORTEST or float(np.abs(samples).max()) < SILENCE_PEAK:
            return
        if model.live:
            self.begin(params)
            for start in range(0, len(samples), PIECE):
                self._accept(samples[start : start + PIECE])
            yield from self.end()
            return
        stream = self._new_stream(hotwords, params.language)
        stream.accept_waveform(STT_SAMPLE_RATE, samples)
        self._recognizer.decode_stream(stream)
        yield from self._segments(stream.result, params, len(samples) / STT_SAMPLE_RATE)

    def begin(self, params: ListenParams) -> None:
        self._stream = self._new_stream(self._hotwords(self._loaded(), params), params.language)
        self._params, self._heard = params, 0

    def hear(self, samples: Samples) -> str:
        self._accept(samples)
        return self._understood(self._recognizer.get_result_all(self._stream)).text

    def end(self) -> Sequence[Segment]:
        seconds, silence = self._heard / STT_SAMPLE_RATE, self._loaded().window_seconds + TAIL_SECONDS
        self._accept(np.zeros(round(silence * STT_SAMPLE_RATE), np.float32))
        result = self._recognizer.get_result_all(self._stream)
        # What follows a pause is heard by a stream of its own: this one has heard silence that nobody has spoken.
        self.begin(self._params)
        return self._segments(result, self._params, seconds)

    def _accept(self, samples: Samples) -> None:
        if self._stream is None:
            raise EngineError("sherpa_onnx hears nothing: begin() comes first.")
        self._heard += len(samples)
        self._stream.accept_waveform(STT_SAMPLE_RATE, samples)
        while self._recognizer.is_ready(self._stream):
            self._recognizer.decode_stream(self._stream)

    def _new_stream(self, hotwords: str, language: str | None) -> Any:
        assert self._recognizers is not None
        # Let go of first: the weights of one that has to make room must be gone before the next has its own.
        self._recognizer = self._stream = None
        self._recognizer = self._recognizers.of(language)
        return self._recognizer.create_stream(hotwords) if hotwords else self._recognizer.create_stream()

    def _understood(self, result: Any) -> Heard:
        return Heard.read(result, capitals=self._tokens.capitals)

    def _segments(self, result: Any, params: ListenParams, seconds: float) -> Sequence[Segment]:
        heard = self._understood(result)
        if not heard.text:
            return ()
        words = heard.words(seconds)
        return (
            Segment(
                text=heard.text,
                start=words[0].start if words else 0.0,
                end=words[-1].end if words else seconds,
                words=words if params.word_timestamps else (),
                language=self._language(getattr(result, "lang", ""), params.language),
                avg_logprob=heard.score,
                likely=heard.likely() if params.logprobs else (),
            ),
        )

    def _language(self, told: str, asked: str | None) -> str | None:
        """The tag of what was spoken: the only one, the one of `<|en|>`, or else the one that was asked for."""
        offered = languages(self._model, self.options)
        if len(offered) == 1:
            return offered[0]
        spoken = told.strip("<|>") or (asked if self.options.language_recognizers else None)
        return best_match(spoken, offered) if spoken else None

    def _hotwords(self, model: SherpaModel, params: ListenParams) -> str:
        """Hotwords as the library wants them. Raises InvalidParameter where a request has some and none can be."""
        asked = params.extra.hotwords if isinstance(params.extra, SherpaOnnxParameters) else ""
        words = [word.strip() for word in asked.split(",") if word.strip()]
        if words and not self._unit:
            raise InvalidParameter(f"sherpa_onnx: {why_none(model)}", param="hotwords")
        favoured = params.keywords if self._unit else ()
        return written((*words, *favoured, *self.options.hotwords), capitals=self._tokens.capitals)

    def _loaded(self) -> SherpaModel:
        if self._model is None:
            raise EngineError("sherpa_onnx is not loaded.")
        return self._model

    def _described(self) -> SherpaModel | None:
        """The model of the options, if it is there and one of ours; looked for until it is, now and then."""
        return self._look() if time.monotonic() >= self._next_look else self._found

    def _look(self) -> SherpaModel | None:
        return self._look_now() if self._found is None else self._found

    def _look_now(self) -> SherpaModel | None:
        # The old description holds until there is a new one: another thread may ask for it meanwhile.
        found = self._find()
        self._found, self._next_look = found, time.monotonic() + LOOK_SECONDS
        return found

    def _find(self) -> SherpaModel | None:
        folder = self.find_weights(self.options.model)
        try:
            return find(folder, self.options.kind, int8=self.options.int8) if folder is not None else None
        except (EngineLoadFailed, OSError):
            return None

    def _named(self) -> str:
        if self.options.model is None:
            raise EngineWeightsMissing(f"{self.option('model')} names no model: set it to a folder with one.")
        return self.options.model
