"""Vosk: Kaldi models that listen while somebody speaks, small and offline, in some twenty languages.

A model is a folder. The library prints to the error stream and keeps what it took until its process ends, so it runs in
child processes: one for each stream.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from stts.audio.wav import to_pcm
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
    word_tokens,
)
from stts.errors import EngineError, EngineLoadFailed
from stts.models import CatalogueModel

PACKAGE = "vosk"
SHORTEST = round(0.1 * STT_SAMPLE_RATE)
PIECE = round(0.4 * STT_SAMPLE_RATE)
"""Samples given to it at once: it looks at the end of a call for the end of an utterance, which is ours to find."""
_UNDECIDED = re.compile(r"\[\d+\](?: - \[\d+\])? ?")
"""Written by some models in place of words that are not decided."""
REQUIRED = ("am/final.mdl", "conf/model.conf")
"""Files that every model has."""


class VoskOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str | None = Field(default=None, description="A model of the catalogue, or the folder of one.")
    language: str = Field(default="en", description="BCP 47 tag of the model.")
    processes: int = Field(default=1, ge=1, le=64, description="Recordings at once, each in a process.")
    live_processes: int = Field(default=2, ge=1, le=64, description="Live streams at once, each in a process.")


class VoskEngine(STTEngine):
    Options = VoskOptions
    options: VoskOptions

    _model: Any = None
    _recognizer: Any = None
    _words: Sequence[Word] = ()
    """Words that are final since `begin` or the last `end`."""
    _heard = 0
    """Samples since `begin`."""
    _before = 0
    """Samples of these before the last `end`."""
    _params: ListenParams = ListenParams()

    @property
    def info(self) -> EngineInfo:
        options = self.options
        return EngineInfo(
            name="vosk",
            kind="stt",
            description="Vosk: small models that listen live",
            languages=(options.language,),
            abilities=Abilities(word_times=True, live=True, logprobs=True),
            limits=EngineLimits(max_seconds=30.0, concurrency=options.processes, live_sessions=options.live_processes),
            runs_in="process",
            packages=(PACKAGE,),
            install="pip install -r requirements/vosk.txt",
            licence="Apache-2.0; each model has its own",
            maker="Alpha Cephei",
            homepage="https://alphacephei.com/vosk",
        )

    def models(self) -> Sequence[ModelInfo]:
        return (ModelInfo(Path(self.options.model or self.info.name).name),)

    def weights_present(self) -> bool:
        return self.find_weights(self.options.model) is not None

    def wanted_model(self) -> CatalogueModel | None:
        return self.known_models.get(self.options.model or self.info.name)

    def load(self, progress: Progress) -> None:
        self.require_installed()
        option = self.options.model
        # Without one, a folder `vosk` where the server was started is nobody's model.
        folder = self.require_weights(option) if option else self.require_model(self.info.name)
        missing = [name for name in REQUIRED if not (folder / name).is_file()]
        if missing:
            # Asked before the library is: it would end the process.
            raise EngineLoadFailed(f"{self.option('model')}: the folder lacks {', '.join(missing)}.")
        import vosk

        vosk.SetLogLevel(-1)
        progress("loading", None)
        try:
            self._model = vosk.Model(str(folder))
        except Exception as error:  # it raises Exception itself
            raise EngineLoadFailed(f"Vosk cannot read the model in {self.option('model')}.") from error
        progress("ready", 1.0)

    def unload(self) -> None:
        self._model = self._recognizer = None

    def transcribe(self, samples: Samples, params: ListenParams) -> Iterator[Segment]:
        self.begin(params)
        for start in range(0, len(samples), PIECE):
            self._accept(samples[start : start + PIECE])
        yield from self.end()

    def begin(self, params: ListenParams) -> None:
        if self._model is None:
            raise EngineError("vosk is not loaded.")
        import vosk

        self._recognizer = vosk.KaldiRecognizer(self._model, STT_SAMPLE_RATE)
        self._recognizer.SetWords(True)
        self._params = params
        self._words, self._heard, self._before = (), 0, 0

    def hear(self, samples: Samples) -> str:
        self._accept(samples)
        partial = _UNDECIDED.sub("", json.loads(self._recognizer.PartialResult()).get("partial", ""))
        return " ".join([*(word.text for word in self._words), partial]).strip()

    def end(self) -> Sequence[Segment]:
        if self._recognizer is None:
            raise EngineError("vosk hears nothing: begin() comes first.")
        self._take(json.loads(self._recognizer.FinalResult()))
        words, self._words = tuple(self._words), ()
        self._before = self._heard
        if not words:
            return ()
        return (
            Segment(
                text=" ".join(word.text for word in words),
                start=words[0].start,
                end=words[-1].end,
                words=words if self._params.word_timestamps else (),
                language=self.options.language,
                likely=word_tokens(words) if self._params.logprobs else (),
            ),
        )

    def _accept(self, samples: Samples) -> None:
        if self._recognizer is None:
            raise EngineError("vosk hears nothing: begin() comes first.")
        self._heard += len(samples)
        pcm = to_pcm(samples)
        if pcm and self._recognizer.AcceptWaveform(pcm):
            self._take(json.loads(self._recognizer.Result()))

    def _take(self, result: dict[str, Any]) -> None:
        """Its times count from `begin`; ours from the last `end`."""
        before = self._before / STT_SAMPLE_RATE
        longest = (self._heard - self._before) / STT_SAMPLE_RATE
        words = []
        for entry in result.get("result", ()):
            start = min(max(float(entry["start"]) - before, 0.0), longest)
            end = min(max(float(entry["end"]) - before, start), longest)
            words.append(Word(entry["word"], start, end, min(float(entry["conf"]), 1.0)))
        self._words = (*self._words, *words)
