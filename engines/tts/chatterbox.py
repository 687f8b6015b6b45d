"""Chatterbox by Resemble AI: three engines of one family that speak with the voice of a short recording.

`ChatterboxEngine` is English, `ChatterboxMultilingualEngine` speaks 23 languages, `ChatterboxTurboEngine` is the
fast English one. All speech carries upstream's inaudible watermark.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel

from engines.base_torch import TorchEngine, limit_threads
from engines.tts.chatterbox_model import SharedModel, fetch_segmenter, quiet_and_local, segmenter_on_disk
from engines.tts.chatterbox_parameters import (
    ChatterboxOptions,
    ChatterboxParameters,
    MultilingualParameters,
    TurboParameters,
)
from engines.tts.reference_voices import SAMPLE_RATE, VoiceCache, read_recording, recording_key
from engines.weights import HubWeights
from stts.engine_api import Abilities, EngineInfo, EngineLimits, Progress, Samples, SpeechParams, TTSEngine, Voice
from stts.errors import EngineNotInstalled, EngineWeightsMissing, InvalidParameter, UnknownVoice
from stts.languages import primary

BUILTIN_VOICE = "default"
BUILTIN_VOICE_FILE = "conds.pt"
MULTILINGUAL = (
    *("en", "ar", "da", "de", "el", "es", "fi", "fr", "he", "hi", "it", "ja"),
    *("ko", "ms", "nb", "nl", "no", "pl", "pt", "ru", "sv", "sw", "tr", "zh"),
)
"""BCP 47; `nb` is what upstream calls `no`."""
_UPSTREAM_CODES = {"nb": "no"}
_DENSE_SCRIPTS = frozenset({"ja", "ko", "zh"})
_TINY = 1e-6


class ChatterboxFamily(TorchEngine, TTSEngine):
    """Base of the three engines; a subclass defines its info and the arguments of its `generate`."""

    Options = ChatterboxOptions
    name: ClassVar[str]
    description: ClassVar[str]
    languages: ClassVar[tuple[str, ...]] = ("en",)
    """BCP 47; the first is spoken where nobody names one."""
    limits: ClassVar[EngineLimits]
    upstream: ClassVar[tuple[str, str]]
    """Module and class of the model."""
    weights: ClassVar[HubWeights]

    def __init__(self, options: BaseModel | None = None) -> None:
        super().__init__(options)
        self._voices = VoiceCache(self._settings.voice_cache)

    @abstractmethod
    def _generation(self, extra: Any, language: str) -> dict[str, Any]:
        """Arguments of a call for upstream's `generate`."""

    def _conditioning(self, extra: Any) -> dict[str, Any]:
        """Arguments of a call for upstream's `prepare_conditionals`."""
        return {}

    @property
    def info(self) -> EngineInfo:
        path = self._settings.path
        builtin = path is None or (Path(path) / BUILTIN_VOICE_FILE).is_file()
        return EngineInfo(
            name=self.name,
            kind="tts",
            description=self.description,
            languages=self.languages,
            voices=(Voice(BUILTIN_VOICE, "Built-in voice", self.languages),) if builtin else (),
            default_voice=BUILTIN_VOICE if builtin else None,
            sample_rate=SAMPLE_RATE,
            abilities=Abilities(cloning=True, seed=True),
            limits=self.limits,
            packages=("torch", "chatterbox"),
            install="pip install -r requirements/chatterbox.txt",
            requirements=("chatterbox.txt",),
            download_bytes=6_500_000_000,
            runs_in="worker",
            watermarked=True,
            licence="MIT; all speech carries an inaudible watermark",
            maker="Resemble AI",
            homepage="https://github.com/resemble-ai/chatterbox",
        )

    @property
    def _settings(self) -> ChatterboxOptions:
        assert isinstance(self.options, ChatterboxOptions)
        return self.options

    def weights_present(self) -> bool:
        path = self._settings.path
        return not self.weights.missing_in(Path(path)) if path else self.weights.on_disk() is not None

    def fetches(self) -> bool:
        return self._settings.path is None and super().fetches()

    def fetch(self, progress: Progress) -> None:
        if self.weights_present():
            return
        if path := self._settings.path:
            missing = ", ".join(self.weights.missing_in(Path(path)))
            raise EngineWeightsMissing(f"The folder in {self.option('path')} lacks {missing}.")
        self.weights.fetch(progress, setting=self.option("path"))

    def read_model(self, device: str) -> SharedModel:
        _require_watermark()
        folder = Path(self._settings.path) if self._settings.path else self.weights.on_disk()
        if folder is None:
            raise EngineWeightsMissing(f"The weights of {self.name} have gone from this disk; load it again.")
        limit_threads(self._settings.threads)
        module, name = self.upstream
        model_class = getattr(import_module(module), name)
        with quiet_and_local(folder):
            return SharedModel(model_class.from_local(folder, device))

    def unload(self) -> None:
        self._voices.clear()
        super().unload()

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        """Yields the whole piece at once: upstream makes sound only from all of its tokens."""
        language = self._language(voice, params)
        extra = params.extra or self.Parameters()
        yield self.on_device(lambda model: self._speak(model, text, voice, language, extra, params.seed))

    def _speak(
        self, model: SharedModel, text: str, voice: Voice, language: str, extra: BaseModel, seed: int | None
    ) -> Samples:
        import torch

        conditionals = self._conditionals(model, voice, extra)
        if seed is not None:
            torch.manual_seed(seed)
        else:
            torch.seed()
        return model.speak(text, conditionals, longest_speech(text, language), **self._generation(extra, language))

    def _conditionals(self, model: SharedModel, voice: Voice, extra: BaseModel) -> Any:
        if voice.reference is None:
            if voice.id != BUILTIN_VOICE or model.builtin is None:
                raise UnknownVoice(f"{self.name} has no such voice; name a reference recording.", param="voice")
            return model.builtin
        path = Path(voice.reference)
        conditioning = self._conditioning(extra)
        shortest, longest = self.limits.reference_seconds or (0.0, float("inf"))
        return self._voices.get(
            (recording_key(path), *conditioning.items()),
            lambda: model.condition(read_recording(path, shortest, longest), **conditioning),
            path,
        )

    def _language(self, voice: Voice, params: SpeechParams) -> str:
        language = primary(params.language or next(iter(voice.languages), self.languages[0]))
        if language not in self.languages:
            raise InvalidParameter(
                f"{self.name} does not speak this language.", param="language", allowed=self.languages
            )
        return _UPSTREAM_CODES.get(language, language)


class ChatterboxEngine(ChatterboxFamily):
    Parameters = ChatterboxParameters
    name = "chatterbox"
    description = "English, expressive, clones a voice"
    # Single words come out as gibberish, long texts drift.
    limits = EngineLimits(max_characters=280, min_characters=12, reference_seconds=(3.0, 30.0))
    upstream = ("chatterbox.tts", "ChatterboxTTS")
    weights = HubWeights(
        "ResembleAI/chatterbox",
        required=("ve.safetensors", "t3_cfg.safetensors", "s3gen.safetensors", "tokenizer.json"),
        optional=(BUILTIN_VOICE_FILE,),
    )

    def _generation(self, extra: Any, language: str) -> dict[str, Any]:
        arguments: dict[str, Any] = extra.model_dump(exclude={"top_k"})
        # At exactly 0 upstream builds one sequence and then expects two.
        arguments["cfg_weight"] = max(arguments["cfg_weight"], _TINY)
        return arguments


class ChatterboxMultilingualEngine(ChatterboxEngine):
    Parameters = MultilingualParameters
    name = "chatterbox_multilingual"
    description = "23 languages, expressive, clones a voice"
    languages = MULTILINGUAL
    # Upstream ends a piece after 40 s, which is about 150 characters of Chinese.
    limits = EngineLimits(max_characters=150, min_characters=12, reference_seconds=(3.0, 30.0))
    upstream = ("chatterbox.mtl_tts", "ChatterboxMultilingualTTS")
    weights = HubWeights(
        "ResembleAI/chatterbox",
        required=("ve.pt", "t3_mtl23ls_v2.safetensors", "s3gen.pt", "grapheme_mtl_merged_expanded_v1.json"),
        optional=(BUILTIN_VOICE_FILE, "Cangjie5_TC.json"),
    )

    def fetch(self, progress: Progress) -> None:
        online = not self.weights_present()
        super().fetch(progress)
        if online and not segmenter_on_disk():
            progress("downloading the segmenter of Chinese", None)
            fetch_segmenter()

    def _generation(self, extra: Any, language: str) -> dict[str, Any]:
        return {**super()._generation(extra, language), "language_id": language}


class ChatterboxTurboEngine(ChatterboxFamily):
    Parameters = TurboParameters
    name = "chatterbox_turbo"
    description = "English, fast, clones a voice, speaks tags like [laugh]"
    limits = EngineLimits(max_characters=280, min_characters=12, reference_seconds=(5.0, 30.0))
    upstream = ("chatterbox.tts_turbo", "ChatterboxTurboTTS")
    weights = HubWeights(
        "ResembleAI/chatterbox-turbo",
        required=(
            "ve.safetensors",
            "t3_turbo_v1.safetensors",
            "s3gen_meanflow.safetensors",
            "tokenizer_config.json",
            "vocab.json",
            "merges.txt",
        ),
        optional=(BUILTIN_VOICE_FILE, "special_tokens_map.json", "added_tokens.json"),
    )

    def _generation(self, extra: Any, language: str) -> dict[str, Any]:
        return dict(extra.model_dump(exclude={"min_p", "norm_loudness"}))

    def _conditioning(self, extra: Any) -> dict[str, Any]:
        return {"norm_loudness": extra.norm_loudness}


def longest_speech(text: str, language: str) -> float:
    """Seconds within which a very slow reader is done: what goes on after that is no longer the text."""
    per_character = 0.5 if language in _DENSE_SCRIPTS else 0.2
    digits = sum(character.isdigit() for character in text)
    return 2.0 + per_character * len(text) + 0.8 * digits


def _require_watermark() -> None:
    import perth

    if perth.PerthImplicitWatermarker is None:
        raise EngineNotInstalled("The watermark of chatterbox cannot be loaded: pip install 'setuptools<81'")
