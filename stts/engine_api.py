"""The interface that an engine author implements: plain, blocking Python, no HTTP, no asyncio, no settings.

An engine says what it is (`info`) without loading anything, loads on demand, and has one blocking method that yields
results as they come. Everything else (queues, threads, child processes, time limits, cancellation, cutting long text,
effects, encoding, decoding, voice activity detection) is done around it. Foreign libraries are imported inside
`load()`; `info` must be cheap. See docs/write-an-engine.md for a complete example.
"""

from __future__ import annotations

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from stts.engine_info import STT_SAMPLE_RATE as STT_SAMPLE_RATE
from stts.engine_info import Abilities as Abilities
from stts.engine_info import EngineInfo as EngineInfo
from stts.engine_info import EngineLimits as EngineLimits
from stts.engine_info import ModelInfo as ModelInfo
from stts.engine_info import Place as Place
from stts.engine_info import Voice as Voice
from stts.engine_state import EngineKind as EngineKind
from stts.errors import EngineNotInstalled, EngineWeightsMissing
from stts.models.access import ModelAccess
from stts.spoken_words import SpokenWord as SpokenWord
from stts.spoken_words import TimedSamples as TimedSamples
from stts.transcription import Segment as Segment
from stts.transcription import Task as Task
from stts.transcription import Token as Token
from stts.transcription import Word as Word
from stts.transcription import word_tokens as word_tokens

Samples = NDArray[np.float32]
"""Mono audio, shape (n,), float32 in -1..1."""

Progress = Callable[[str, float | None], None]
"""Called by `load()` with what is going on and the part done, 0..1 (None: unknown)."""


@dataclass(frozen=True, slots=True)
class SpeechParams:
    """Arguments of one `synthesize` call besides text and voice. Plain values."""

    language: str | None = None
    """BCP 47, or None for the voice's own."""
    speed: float = 1.0
    """Within `abilities.speed`; 1.0 for an engine without it."""
    seed: int | None = None
    hurried: bool = False
    """A listener waits for its first audio: an engine that streams yields some as early as it can, also where the
    whole then takes longer."""
    extra: BaseModel | None = None
    """An instance of the engine's own `Parameters`."""


@dataclass(frozen=True, slots=True)
class ListenParams:
    """Arguments of one `transcribe` call besides the samples. Plain values."""

    language: str | None = None
    """BCP 47 or ISO 639-1, or None to detect (or the engine's only one)."""
    task: Task = "transcribe"
    word_timestamps: bool = False
    prompt: str | None = None
    """The text before this region, as a hint, behind the keywords where the engine has no other way to favour them."""
    languages: tuple[str, ...] = ()
    """Where the language is detected: those that come into question; none: all."""
    likely_language: str | None = None
    """Where the language is detected: the one that was spoken before, which is meant unless another is clear."""
    keywords: tuple[str, ...] = ()
    """Words to favour, for engines with `abilities.keywords`."""
    logprobs: bool = False
    """Tell `Segment.likely`, for engines with `abilities.logprobs`."""
    extra: BaseModel | None = None
    interim: bool = False
    """Its speaker goes on, and all is asked again soon: a quick guess is enough."""
    whole_window: bool = False
    """For engines with `limits.short_window_seconds`: what a short window gave looks wrong, so use a whole one."""


class NoOptions(BaseModel):
    """Options of engines without settings or parameters of their own."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Engine(ModelAccess, ABC):
    """Base of all kinds of engines. One instance serves every request of one server.

    Weights are got at by `find_model` (for `weights_present`) and `require_model` (for `load`).
    """

    Options: ClassVar[type[BaseModel]] = NoOptions
    """The operator's settings of this engine: `engines.options.<name>` in config.yaml."""
    Parameters: ClassVar[type[BaseModel]] = NoOptions
    """Model of the parameters that a request may set beyond the common fields; it forbids extra fields."""

    options_key = ""
    """Where the operator writes this engine's options; set by the registry."""

    def __init__(self, options: BaseModel | None = None) -> None:
        self.options = options if options is not None else self.Options()

    @property
    @abstractmethod
    def info(self) -> EngineInfo:
        """Description of this engine, made without loading, from cheap look-ups only."""

    def models(self) -> Sequence[ModelInfo]:
        """The models that it runs, of this moment; cheap. By default one, by the engine's name."""
        return (ModelInfo(self.info.name, self.info.description),)

    def voices(self) -> Sequence[Voice]:
        """The voices that it has at this moment; cheap. Override it where they come and go."""
        return self.info.voices

    def option(self, name: str) -> str:
        """The key under which the operator writes one of the options, for messages."""
        if not self.options_key:
            self.options_key = "engines.options"  # for `info` itself, which may say where an option is written
            self.options_key = f"engines.options.{self.info.name}"
        return f"{self.options_key}.{name}"

    def installed(self) -> bool:
        """True if the libraries are there. Looks them up without importing them."""
        return all(importlib.util.find_spec(package) is not None for package in self.info.packages)

    def weights_present(self) -> bool:
        """True if `load()` would succeed without a network."""
        return True

    def outdated(self) -> bool:
        """True if models came or went since, for which `info` would be another. Cheap."""
        return False

    def look_again(self) -> None:
        """Has `info` tell of the models that are on this disk now. Called while nothing is loaded."""

    def require_installed(self) -> None:
        """Raises EngineNotInstalled, whose message is the install command."""
        if not self.installed():
            raise EngineNotInstalled(f"{self.info.name} is not installed: {self.info.install}")

    def require_no_fetch(self) -> None:
        """For engines that fetch weights in `load()`. Raises EngineWeightsMissing where the operator forbids that."""
        if self.offline and not self.weights_present():
            raise EngineWeightsMissing(
                f"The weights of {self.info.name} are not on this disk, and models.offline lets none be fetched."
            )

    @abstractmethod
    def load(self, progress: Progress) -> None:
        """Imports the library and loads the model. May raise anything; called by one thread at a time."""

    def unload(self) -> None:
        """Frees what `load()` took. Never called while a call runs."""


class TTSEngine(Engine):
    def find_voice(self, voice_id: str) -> Voice | None:
        """The voice that a request names, or None. Override it to accept more names than `voices()` lists."""
        return next((voice for voice in self.voices() if voice.id == voice_id), None)

    def voice_card(self, voice: Voice) -> str | None:
        """Markdown that its makers wrote about a voice: its data, its licence. Read from the disk; None: nothing."""
        return None

    def of_gender(self, voice: Voice, gender: str) -> Voice:
        """A voice of this gender for the same languages, or the voice itself where there is none."""
        alike = (each for each in self.voices() if each.gender == gender and each.languages == voice.languages)
        return next(alike, voice)

    @abstractmethod
    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        """Speaks one piece of text, at most `info.limits.max_characters` long.

        Yields blocks at the voice's `sample_rate`, else at `info.sample_rate`; a consumer that leaves closes the
        iterator at the next yield.
        """

    def synthesize_timed(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[TimedSamples]:
        """The same audio, with its words. `abilities.word_times` engines have it."""
        raise NotImplementedError(f"{self.info.name} does not tell when it says a word.")

    def phonemes(self, text: str, voice: Voice) -> str:
        """How the voice reads a short text, in the engine's own phonemes. `abilities.phonemes` engines have it."""
        raise NotImplementedError(f"{self.info.name} does not tell phonemes.")


class STTEngine(Engine):
    @abstractmethod
    def transcribe(self, samples: Samples, params: ListenParams) -> Iterator[Segment]:
        """Transcribes one region of speech at 16 kHz, at most `info.limits.max_seconds` long."""

    def transcribe_many(self, regions: Sequence[tuple[Samples, ListenParams]]) -> Iterator[tuple[int, list[Segment]]]:
        """Transcribes several regions; gives the segments of each with its number, in any order.

        Called where `limits.batch` is more than 1. After an error, each is transcribed alone.
        """
        for number, (samples, params) in enumerate(regions):
            yield number, list(self.transcribe(samples, params))

    def begin(self, params: ListenParams) -> None:
        """Live: an utterance begins, whatever became of the one before. `abilities.live` engines have these three."""
        raise NotImplementedError(f"{self.info.name} does not listen live.")

    def hear(self, samples: Samples) -> str:
        """Live: the next audio of the utterance, at 16 kHz. Returns what it thinks was said since `begin` or `end`."""
        raise NotImplementedError(f"{self.info.name} does not listen live.")

    def end(self) -> Sequence[Segment]:
        """Live: what was said since `begin` or the last `end`, times from there. The utterance may go on: `hear`."""
        raise NotImplementedError(f"{self.info.name} does not listen live.")


class VADEngine(Engine):
    """Voice activity. All state travels with the call, so that one engine serves any number of streams.

    It is called for many of them at once, dozens of times a second: plain array in, plain array out.
    """

    frame_samples: ClassVar[int] = 512
    """New samples of one frame at 16 kHz (512 = 32 ms)."""

    @abstractmethod
    def new_state(self) -> NDArray[np.float32]:
        """The state of a stream that has heard nothing, shape (width,)."""

    @abstractmethod
    def probabilities(
        self, frames: NDArray[np.float32], states: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The next frame of a batch of streams.

        `frames` has shape (batch, frame_samples), `states` is the state of each stream, shape (batch, width). Returns
        the probability of speech of each frame, shape (batch,), and the new states; what it was given stays as it is.
        """

    def judge(
        self, frames: NDArray[np.float32], counts: NDArray[np.int64], states: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The next frames of a batch of streams, of some several: those of one stream after the other's, `counts` of
        each and at least one. Gives and keeps what `probabilities` does, which it asks for round after round; an engine
        that can work on all at once overrides it."""
        firsts = np.cumsum(counts) - counts
        speech, after = np.zeros(len(frames), np.float32), states.copy()
        for number in range(counts.max(initial=0)):
            streams = np.flatnonzero(counts > number)
            rows = firsts[streams] + number
            speech[rows], after[streams] = self.probabilities(frames[rows], after[streams])
        return speech, after


class TurnEngine(Engine):
    """Judges from the sound whether a speaker has finished, or only paused."""

    @abstractmethod
    def finished(self, samples: Samples) -> float:
        """Probability, 0..1, that the turn is over. `samples`: its last seconds, at 16 kHz."""
