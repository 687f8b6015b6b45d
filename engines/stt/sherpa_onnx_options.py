"""Options and parameters of the engine `sherpa_onnx`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from engines.stt.sherpa_onnx_models import Kind


class SherpaOnnxOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str | None = Field(default=None, description="The folder of a model, or a model of the catalogue.")
    kind: Kind | None = Field(default=None, description="Kind of the model; None: found from its files.")
    languages: tuple[str, ...] = Field(
        default=(), description="BCP 47 tags of the model; none: those of its kind, where it has any, else `en`."
    )
    threads: int = Field(default=1, ge=1, le=64, description="Threads of one recognition.")
    provider: Literal["cpu", "cuda", "coreml"] = Field(
        default="cpu", description="Execution provider of onnxruntime; the package of the index knows `cpu` alone."
    )
    language_recognizers: int = Field(
        default=1,
        ge=0,
        le=16,
        description="Whisper and SenseVoice: recognisers kept for languages that requests name, beside the one that "
        "detects the language; each holds the weights again. 0: the language of a request is left aside.",
    )
    int8: bool = Field(default=True, description="Of two files of one network, take the quantised one.")
    processes: int = Field(default=1, ge=1, le=64, description="Recordings at once, each in a process.")
    live_processes: int = Field(default=2, ge=1, le=64, description="Live streams at once, each in a process.")
    decoding: Literal["greedy_search", "modified_beam_search"] = Field(
        default="greedy_search", description="Search of transducers; hotwords need `modified_beam_search`."
    )
    hotwords: tuple[str, ...] = Field(
        default=(), max_length=1000, description="Words and phrases that are likely in all that is heard."
    )
    hotwords_score: float = Field(default=1.5, gt=0, le=20, description="How much each token of a hotword is favoured.")
    written_numbers: bool = Field(
        default=True, description="SenseVoice: punctuation, and numbers in digits; false: words as they were spoken."
    )


class SherpaOnnxParameters(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    hotwords: str = Field(
        default="", max_length=2000, description="Words and phrases that are likely, separated by commas."
    )
