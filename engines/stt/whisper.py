"""Whisper by OpenAI (the `openai-whisper` package): transcribes and translates one region of speech at a time.

Guarded against loops and invented text: previous text comes only as a prompt, and what compresses too well, is too
unlikely or sounds like no speech is decoded again at a higher temperature or dropped, by Whisper's own thresholds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal
from urllib.error import URLError

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from engines.base_torch import AUTO, CPU, TorchEngine, TorchOptions, limit_threads
from engines.stt.whisper_languages import ALSO, CANTONESE, LANGUAGES, language_tag, whisper_language
from engines.stt.whisper_segments import segment_of
from engines.weights import fetch_file
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
from stts.errors import EngineWeightsMissing, InvalidParameter
from stts.models.hub_cache import user_cache

MODELS = (
    *("tiny.en", "tiny", "base.en", "base", "small.en", "small", "medium.en", "medium"),
    *("large-v1", "large-v2", "large-v3", "large", "large-v3-turbo", "turbo"),
)
"""Names that can be downloaded."""
_FILES = {"large": "large-v3", "turbo": "large-v3-turbo"}

SILENT = 1e-4
"""Peak (-80 dBFS) up to which a region holds nothing; Whisper invents text for digital silence."""
FALLBACK_TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_SPECIAL_TOKEN = re.compile(r"<\|[^|]*\|>")


class WhisperOptions(TorchOptions):
    model: str = Field(default="base", description="Name of a published model, or path of a checkpoint file.")
    # Not mps: Whisper keeps a sparse tensor, which PyTorch cannot put there.
    device: str = Field(
        default=AUTO,
        pattern=r"^(auto|cpu|cuda(:\d{1,2})?)$",
        description="auto (cuda, then cpu), or a device as PyTorch names it.",
    )
    fp16: Literal["auto"] | bool = Field(default="auto", description="Half precision; auto: on cuda, where it helps.")
    download_root: str | None = Field(
        default=None, description="Folder of downloaded models; None: where Whisper keeps them."
    )


class WhisperParameters(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    temperature: float = Field(
        default=0.0, ge=0, le=1, description="0: from 0 upwards until the result passes the thresholds."
    )
    compression_ratio_threshold: float = Field(
        default=2.4, gt=0, le=100, description="Text that compresses better repeats itself: try again."
    )
    logprob_threshold: float = Field(default=-1.0, ge=-100, le=0, description="Less likely text: try again.")
    no_speech_threshold: float = Field(
        default=0.6, ge=0, le=1, description="More likely silence, where the text is unlikely as well: no text."
    )
    beam_size: int | None = Field(
        default=None, ge=1, le=10, description="Beams at temperature 0; None decodes greedily."
    )


class WhisperEngine(TorchEngine, STTEngine):
    Options = WhisperOptions
    Parameters = WhisperParameters
    devices = ("cuda", CPU)

    @property
    def _settings(self) -> WhisperOptions:
        assert isinstance(self.options, WhisperOptions)
        return self.options

    @property
    def info(self) -> EngineInfo:
        stem = self._file().stem
        english = stem.endswith(".en")
        cantonese = (CANTONESE,) if stem.startswith("large-v3") else ()
        return EngineInfo(
            name="whisper",
            kind="stt",
            description=f"Whisper {stem}",
            languages=("en",) if english else (*LANGUAGES, *ALSO, *cantonese),
            abilities=Abilities(
                word_times=True,
                translation=not english and "turbo" not in stem,
                language_detection=not english,
                prompt=True,
                logprobs=True,
            ),
            limits=EngineLimits(max_seconds=30.0),
            packages=("torch", "whisper"),
            install="pip install -r requirements/whisper.txt",
            requirements=("whisper.txt",),
            download_bytes=3_250_000_000,
            runs_in="worker",
            licence="MIT",
            maker="OpenAI",
            homepage="https://github.com/openai/whisper",
        )

    def models(self) -> Sequence[ModelInfo]:
        stem = self._file().stem
        return (ModelInfo(stem, f"Whisper {stem}"),)

    def weights_present(self) -> bool:
        return self._file().is_file()

    def fetch(self, progress: Progress) -> None:
        if self.weights_present():
            return
        name, target = self._settings.model, self._file()
        if name not in MODELS:
            raise EngineWeightsMissing(
                f"{self.option('model')} is neither a checkpoint file on this disk nor one of " + ", ".join(MODELS)
            )
        import whisper

        url: str = whisper._MODELS[name]
        doing = f"downloading Whisper {name}"
        progress(doing, 0.0)
        try:
            fetch_file(url, target, sha256=url.split("/")[-2], report=lambda done: progress(doing, done))
        except (URLError, TimeoutError, ConnectionError) as error:
            raise _unfetched(url, target) from error

    def read_model(self, device: str) -> Any:
        import whisper

        limit_threads(self._settings.threads)
        name = self._settings.model
        try:
            model = whisper.load_model(
                name if name in MODELS else str(self._file()), device=device, download_root=str(self._file().parent)
            )
        except URLError as error:  # the file on disk was damaged, so Whisper tried to fetch it anew
            raise _unfetched(whisper._MODELS[name], self._file()) from error
        if device.startswith("cuda") and self._settings.fp16:
            keep_in_half(model)
        return model

    def transcribe(self, samples: Samples, params: ListenParams) -> Iterator[Segment]:
        if np.abs(samples).max(initial=0.0) <= SILENT:
            return
        result = self.on_device(lambda model: self._heard(model, samples, params))
        duration = len(samples) / STT_SAMPLE_RATE
        language = language_tag(result["language"])
        for segment in result["segments"]:
            if segment["text"].strip():
                yield segment_of(segment, language, duration, params)

    def _heard(self, model: Any, samples: Samples, params: ListenParams) -> Any:
        decoding = self._decoding(model, params)
        language = decoding["language"] or _detected(model, samples, params.languages)
        return model.transcribe(samples, **{**decoding, "language": language})

    def _decoding(self, model: Any, params: ListenParams) -> dict[str, Any]:
        extra = params.extra if params.extra is not None else self.Parameters()
        if params.task == "translate" and not _translates(model):
            raise InvalidParameter("This Whisper model cannot translate.", param="task", allowed=["transcribe"])
        fp16 = self._settings.fp16
        arguments = extra.model_dump()
        return {
            **arguments,
            "temperature": arguments["temperature"] or FALLBACK_TEMPERATURES,
            "language": whisper_code(model, params.language),
            "task": params.task,
            "word_timestamps": params.word_timestamps or params.logprobs,
            "initial_prompt": _SPECIAL_TOKEN.sub("", params.prompt or "").strip() or None,
            "condition_on_previous_text": False,
            "fp16": self.device.startswith("cuda") if fp16 == "auto" else fp16,
        }

    def _file(self) -> Path:
        name = self._settings.model
        if name not in MODELS:
            return Path(name).expanduser()
        root = self._settings.download_root or f"{user_cache()}/whisper"
        return Path(root).expanduser() / f"{_FILES.get(name, name)}.pt"


def keep_in_half(model: Any) -> None:
    """Whisper keeps weights in full precision, and converts them and what it normalises for every token: twice the
    memory, and 101 conversions in a step of four layers, of which 3 are left. Published weights are halves anyway.
    """
    from torch.nn import Conv1d, Embedding, LayerNorm, Linear

    for module in model.modules():
        if isinstance(module, Linear | Conv1d | Embedding | LayerNorm):
            module.half()
        if isinstance(module, LayerNorm):
            module.forward = partial(LayerNorm.forward, module)


def _unfetched(url: str, target: Path) -> EngineWeightsMissing:
    return EngineWeightsMissing(
        f"{target.name} of Whisper is not on this disk and could not be fetched: put {url} into "
        f"{target.parent} (engines.options.whisper.download_root), or set engines.options.whisper.model to a "
        "checkpoint file."
    )


def _translates(model: Any) -> bool:
    """Models whose decoder was cut down (turbo, distilled ones) were never taught to translate."""
    return bool(model.is_multilingual) and model.dims.n_text_layer * 4 > model.dims.n_audio_layer


def whisper_code(model: Any, language: str | None) -> str | None:
    if language is None:
        return None if model.is_multilingual else "en"
    from whisper.tokenizer import LANGUAGES as CODES

    code = whisper_language(language)
    # In the order in which they were added, so that a model knows the first so many.
    if code not in list(CODES)[: model.num_languages if model.is_multilingual else 1]:
        raise InvalidParameter("This Whisper model does not know this language.", param="language")
    return code


def _detected(model: Any, samples: Samples, among: Sequence[str]) -> str | None:
    """The likeliest of several languages; None: Whisper is to find it among all."""
    if not among or not model.is_multilingual:
        return None
    import whisper

    mel = whisper.log_mel_spectrogram(whisper.pad_or_trim(samples), n_mels=model.dims.n_mels).to(model.device)
    likely = model.detect_language(mel)[1]
    codes = [code for language in among if (code := whisper_language(language)) in likely]
    return max(codes, key=lambda code: float(likely[code]), default=None)
