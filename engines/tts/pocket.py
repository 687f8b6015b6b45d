"""Pocket TTS by Kyutai: a natural voice that clones others, for seven languages, streamed frame by frame; on PyTorch.

Its release for onnxruntime brings no weights as a package, and its own library needs torch and a newer numpy than other
engines here allow: it is made for an environment of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from engines.tts.reference_voices import SAMPLE_RATE, VoiceCache, recording_key, reference_samples
from stts.engine_api import Abilities, EngineInfo, EngineLimits, Progress, Samples, SpeechParams, TTSEngine, Voice
from stts.errors import EngineError, EngineWeightsMissing
from stts.models.hub_cache import hub_cache
from stts.text.english import spoken_english
from stts.text.plain_sentences import plain_sentences

REFERENCE_SECONDS = (2.0, 30.0)
"""Shortest and longest part of a recording that is cloned."""
LANGUAGES = {
    "english": "en",
    "french": "fr",
    "german": "de",
    "portuguese": "pt",
    "italian": "it",
    "spanish": "es",
    "dutch": "nl",
}
"""First part of a model's name -> BCP 47."""
REPOSITORY = "kyutai/pocket-tts-without-voice-cloning"
"""On the model hub, with the voices that the library knows; weights that clone are behind a licence to be accepted."""
_CLONING_REPOSITORY = "kyutai/pocket-tts"
_OWN = {"fr": "estelle", "de": "juergen", "pt": "rafael", "it": "giovanni", "es": "lola", "nl": "daan"}
"""The voice that upstream takes for a language; for English it is alba."""
# fmt: off
_WOMEN = (
    "alba", "anna", "azelma", "caro_davy", "cosette", "eponine", "estelle", "eve", "fantine", "jane", "lola", "mary",
    "vera",
)
_MEN = (
    "bill_boerst", "charles", "daan", "george", "giovanni", "javert", "jean", "juergen", "marius", "michael", "paul",
    "peter_yearsley", "rafael", "stuart_bell",
)
_HOSTED = {
    "alloy": ("alba",), "ash": ("marius",), "ballad": ("peter_yearsley",), "cedar": ("stuart_bell",),
    "coral": ("cosette",), "echo": ("michael",), "fable": ("george",), "marin": ("anna",), "nova": ("azelma",),
    "onyx": ("bill_boerst",), "sage": ("mary",), "shimmer": ("eponine",), "verse": ("paul",),
}
"""Hosted names: as many voices, each of the gender."""
# fmt: on


class PocketParameters(BaseModel):
    """The library's own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    temperature: float | None = Field(
        default=None, ge=0, le=2, description="How much the speech varies; none: as the model says, mostly 0.3."
    )
    eos_threshold: float | None = Field(
        default=None, ge=-20, le=20, description="Higher: it ends later; none: as the model says, mostly -4."
    )
    decode_steps: int = Field(default=1, ge=1, le=32, description="Steps for a frame: more is better and slower.")


class PocketOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(
        default="english",
        description="A model of the library (english, french, german_24l, ...), or a configuration's path.",
    )
    quantize: bool = Field(default=False, description="Run it in int8: half the memory, a quarter faster on x86.")
    threads: int = Field(default=1, ge=1, le=64, description="Threads of PyTorch.")
    processes: int = Field(default=1, ge=1, le=64, description="Texts spoken at once, each in a process.")
    voice_cache: int = Field(default=16, ge=1, le=1024, description="Voices kept ready.")

    @property
    def is_path(self) -> bool:
        return self.model.endswith((".yaml", ".yml"))


class PocketEngine(TTSEngine):
    Parameters = PocketParameters
    Options = PocketOptions
    options: PocketOptions

    _model: Any = None

    @cached_property
    def info(self) -> EngineInfo:
        language = LANGUAGES.get(self.options.model.partition("_")[0], "en")
        voices = () if self.options.is_path else tuple(_voice(name, language) for name in sorted((*_WOMEN, *_MEN)))
        return EngineInfo(
            name="pocket",
            kind="tts",
            description="Pocket TTS by Kyutai: natural, clones voices, seven languages, streamed from the first frame",
            languages=(language,),
            voices=voices,
            default_voice=_OWN.get(language, "alba") if voices else None,
            hosted_voices=_HOSTED if language == "en" else {},
            sample_rate=SAMPLE_RATE,
            abilities=Abilities(streaming=True, cloning=True, seed=True),
            limits=EngineLimits(
                max_characters=600,
                min_characters=4,
                concurrency=self.options.processes,
                reference_seconds=REFERENCE_SECONDS,
            ),
            by_sentence=True,
            runs_in="worker",
            packages=("pocket_tts", "torch"),
            requirements=("pocket.txt",),
            download_bytes=3_300_000_000,  # most of it torch for CUDA
            install="pip install -r requirements/pocket.txt",
            licence="MIT; weights CC BY 4.0, voices each their own",
            maker="Kyutai",
            homepage="https://github.com/kyutai-labs/pocket-tts",
        )

    def weights_present(self) -> bool:
        """A configuration of the operator's own names its files itself."""
        if self.options.is_path:
            return Path(self.options.model).expanduser().is_file()
        return any(
            any(_snapshots(repository).glob(f"*/languages/{self.options.model}/model.safetensors"))
            for repository in (REPOSITORY, _CLONING_REPOSITORY)
        )

    def load(self, progress: Progress) -> None:
        self.require_installed()
        self.require_no_fetch()
        progress("importing PyTorch", None)
        import torch
        from pocket_tts import TTSModel

        torch.set_num_threads(self.options.threads)
        progress("reading the weights" if self.weights_present() else f"fetching {self.options.model}", None)
        named = {"config" if self.options.is_path else "language": self.options.model}
        try:
            self._model = TTSModel.load_model(**named, quantize=self.options.quantize)
        except (OSError, ValueError) as error:
            raise EngineWeightsMissing(
                f"The model that {self.option('model')} names is not on this disk and could not be fetched: connect "
                "this machine, set HF_ENDPOINT to a mirror, or name a configuration of your own with its files."
            ) from error
        progress("ready", 1.0)

    def unload(self) -> None:
        self._model = None
        self._states.clear()

    @cached_property
    def _states(self) -> VoiceCache:
        return VoiceCache(self.options.voice_cache)

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        if self._model is None:
            raise EngineError("Pocket TTS is not loaded.")
        import torch

        extra = params.extra if isinstance(params.extra, PocketParameters) else PocketParameters()
        self._set(extra)
        state = self._state(voice)
        # As many frames as have gathered are decoded in one call, whose last bit depends on how many they were.
        self._model.max_decoder_frames_per_call = 0 if params.seed is None else 1
        if params.seed is not None:
            torch.manual_seed(params.seed)
        language = self.info.languages[0]
        for sentence in plain_sentences(text, language):
            yield from self._speak(spoken_english(sentence) if language == "en" else sentence, state)

    def _speak(self, sentence: str, state: Any) -> Iterator[Samples]:
        """Yields the frames of one sentence; whoever leaves waits until the library's threads have stopped."""
        stop = threading.Event()
        frames = self._model.generate_audio_stream(state, sentence, stop=stop)
        try:
            for frame in frames:
                yield np.clip(frame.numpy().astype(np.float32, copy=False), -1.0, 1.0)
        finally:
            stop.set()
            for _ in frames:
                pass

    def _set(self, extra: PocketParameters) -> None:
        model, config = self._model, self._model.config
        model.temp = config.default_temperature if extra.temperature is None else extra.temperature
        model.eos_threshold = config.default_eos_threshold if extra.eos_threshold is None else extra.eos_threshold
        model.sampler_decode_steps = extra.decode_steps

    def _state(self, voice: Voice) -> Any:
        """Makes the state that the model holds of a voice. Raises InvalidParameter for a recording that is none."""
        if voice.reference is None:
            return self._states.get(voice.id, lambda: self._model.get_state_for_audio_prompt(voice.id))
        path = Path(voice.reference)
        return self._states.get(recording_key(path), lambda: self._cloned(path), path)

    def _cloned(self, path: Path) -> Any:
        import torch

        recording = torch.from_numpy(reference_samples(path, *REFERENCE_SECONDS))
        return self._model.get_state_for_audio_prompt(recording[None])


def _snapshots(repository: str) -> Path:
    return hub_cache() / f"models--{repository.replace('/', '--')}" / "snapshots"


def _voice(name: str, language: str) -> Voice:
    gender = "female" if name in _WOMEN else "male"
    return Voice(name, name.replace("_", " ").title(), (language,), gender)  # type: ignore[arg-type]
