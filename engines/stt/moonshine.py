"""Moonshine by Useful Sensors: its published model files in onnxruntime, with a decoder of our own.

Its cost grows with the length of the speech instead of a window of 30 s, which suits short utterances. Its makers' own
library is not used: it grows without bound. The encoder hears 16 kHz samples as they are; the decoder writes a token
at a time, with the keys and values of what it has written kept from step to step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from engines.stt.moonshine_tokens import Vocabulary
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
    Token,
)
from stts.errors import EngineError, EngineLoadFailed

PACKAGE = "onnxruntime"
MODEL = "moonshine-base-en"
FILES = ("encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin")
START, END = 1, 2
"""Tokens."""
TOKENS_A_SECOND = 6.5
"""Most of them in speech; a decoder that writes more repeats itself."""
SHORTEST = round(0.1 * STT_SAMPLE_RATE)
"""Samples below which the encoder yields nothing."""
SILENCE_PEAK = 1e-3
REPEATS = 4
"""The same few tokens so many times at the end of what never ends are a loop: what was written before it counts."""

Cache = dict[str, NDArray[np.float32]]


class MoonshineOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(default=MODEL, description=f"A model of the catalogue, or a folder with {', '.join(FILES)}.")
    language: str = Field(default="en", description="BCP 47 tag of a model of your own.")
    threads: int = Field(default=1, ge=1, le=64, description="Threads of one transcription.")
    processes: int = Field(default=1, ge=1, le=64, description="Transcriptions at once, each in a process.")


class MoonshineEngine(STTEngine):
    Options = MoonshineOptions
    options: MoonshineOptions

    _encoder: Any = None
    _decoder: Any = None
    _vocabulary: Vocabulary | None = None

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="moonshine",
            kind="stt",
            description="Moonshine: quick with short utterances, robust in noise",
            languages=(self.options.language,),
            abilities=Abilities(logprobs=True),
            limits=EngineLimits(max_seconds=20.0, concurrency=self.options.processes),
            runs_in="process",
            packages=(PACKAGE,),
            install="pip install -r requirements/moonshine.txt",
            licence="MIT (the English models; those of other languages are not for commercial use)",
            maker="Useful Sensors",
            homepage="https://github.com/moonshine-ai/moonshine",
        )

    def models(self) -> Sequence[ModelInfo]:
        return (ModelInfo(Path(self.options.model).name),)

    def weights_present(self) -> bool:
        return self.find_weights(self.options.model, *FILES) is not None

    def load(self, progress: Progress) -> None:
        self.require_installed()
        folder = self.require_weights(self.options.model, *FILES)
        import onnxruntime

        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = self.options.threads
        settings.inter_op_num_threads = 1
        # Each token makes longer tensors than the one before: patterns of memory are of no use, and by default the
        # arena doubles itself to 700 MB. Without an arena all takes 2.3 times as long.
        settings.enable_mem_pattern = False
        providers = [("CPUExecutionProvider", {"arena_extend_strategy": "kSameAsRequested"})]
        try:
            sessions = [onnxruntime.InferenceSession(str(folder / name), settings, providers) for name in FILES[:2]]
        except Exception as error:  # its errors have no common base
            raise EngineLoadFailed(f"{self.info.name}: the files of {self.options.model} are no such model.") from error
        self._vocabulary = Vocabulary.read(folder / FILES[2])
        self._encoder, self._decoder = sessions
        progress("ready", 1.0)

    def unload(self) -> None:
        self._encoder = self._decoder = self._vocabulary = None

    def transcribe(self, samples: Samples, params: ListenParams) -> Iterator[Segment]:
        if self._vocabulary is None:
            raise EngineError("moonshine is not loaded.")
        if len(samples) < SHORTEST or float(np.abs(samples).max()) < SILENCE_PEAK:
            return
        seconds = len(samples) / STT_SAMPLE_RATE
        written = self._written(samples, max(4, round(seconds * TOKENS_A_SECOND)), logprobs=params.logprobs)
        text = self._vocabulary.text([token for token, _ in written])
        if text:
            likely = tuple(_token(self._vocabulary, *each) for each in written) if params.logprobs else ()
            yield Segment(text, 0.0, seconds, language=self.options.language, likely=likely)

    def _written(self, samples: Samples, most: int, *, logprobs: bool) -> list[tuple[int, float]]:
        """Greedy decoding: the likeliest token each time, until the end. Where none comes, a loop is cut off.

        A decoder that ends by itself wrote what was said: people repeat themselves, too. Each with the logarithm of its
        probability, where that is wanted.
        """
        (heard,) = self._encoder.run(None, {"input_values": samples[None].astype(np.float32)})
        cache = self._empty_cache()
        tokens, likely = list[int](), list[float]()
        last = START
        for step in range(most):
            given = {
                "input_ids": np.array([[last]], np.int64),
                "encoder_hidden_states": heard,
                "use_cache_branch": np.array([step > 0]),
            }
            logits, *present = self._decoder.run(None, {**given, **cache})
            last = int(logits[0, -1].argmax())
            if last == END:
                break
            tokens.append(last)
            likely.append(_logprob(logits[0, -1], last) if logprobs else 0.0)
            self._keep(cache, present, first=step == 0)
        else:
            tokens = _without_loop(tokens)
        return list(zip(tokens, likely, strict=False))

    def _empty_cache(self) -> Cache:
        shapes = {each.name: each.shape for each in self._decoder.get_inputs() if each.name.startswith("past_")}
        return {name: np.zeros((1, shape[1], 0, shape[3]), np.float32) for name, shape in shapes.items()}

    def _keep(self, cache: Cache, present: Sequence[NDArray[np.float32]], *, first: bool) -> None:
        """Keeps keys and values for the next step; those of the encoder never change, and come with the first only."""
        for name, value in zip(cache, present, strict=True):
            if first or ".decoder." in name:
                cache[name] = value


def _logprob(logits: NDArray[np.float32], token: int) -> float:
    """Logarithm of the probability of a token, by the scores of all."""
    highest = float(logits.max())
    return float(logits[token]) - highest - float(np.log(np.exp(logits.astype(np.float64) - highest).sum()))


def _token(vocabulary: Vocabulary, token: int, logprob: float) -> Token:
    piece = vocabulary.piece(token)
    return Token(piece.decode(errors="replace"), min(logprob, 0.0), piece)


def _without_loop(tokens: list[int]) -> list[int]:
    """The tokens with one turn of a loop at their end, if there is one."""
    for length in range(1, 9):
        start = len(tokens) - length
        while start > 0 and tokens[start - 1] == tokens[start - 1 + length]:
            start -= 1
        if len(tokens) - start >= length * REPEATS:
            return tokens[: start + length]
    return tokens
