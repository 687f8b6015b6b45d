"""Moonshine: its vocabulary on files made here; its true model where its package is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engines.registry import Registry
from engines.stt.moonshine import END, MoonshineEngine
from engines.stt.moonshine_tokens import Vocabulary
from stts.engine_api import ListenParams, Samples
from stts.errors import EngineLoadFailed, EngineWeightsMissing
from tests.engines import contract, speech


def vocabulary_file(folder: Path, pieces: list[bytes]) -> Path:
    path = folder / "tokenizer.bin"
    entries = (
        bytes([len(piece)]) if len(piece) < 128 else bytes([len(piece) % 128 + 128, len(piece) // 128])
        for piece in pieces
    )
    path.write_bytes(b"".join(entry + piece for entry, piece in zip(entries, pieces, strict=True)))
    return path


def test_tokens_become_words(tmp_path: Path) -> None:
    pieces = [b"<unk>", b"<s>", b"</s>", "▁Hel".encode(), b"lo", "▁wörld".encode(), b"<0xC3>", b"<0xA4>", b"x" * 300]
    vocabulary = Vocabulary.read(vocabulary_file(tmp_path, pieces))
    assert len(vocabulary) == len(pieces)
    assert vocabulary.text([1, 3, 4, 5, 2]) == "Hello wörld"
    assert vocabulary.text([6, 7]) == "ä"
    assert vocabulary.text([8, 99, -1]) == "x" * 300


def test_a_vocabulary_that_is_cut_off_is_told(tmp_path: Path) -> None:
    path = vocabulary_file(tmp_path, [b"abc", b"y" * 200])
    whole = path.read_bytes()
    for length in (3, 5, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(EngineLoadFailed, match="cut off"):
            Vocabulary.read(path)


class Scripted:
    """Encoder and decoder in one: the decoder writes the given tokens, the last of them for ever."""

    def __init__(self, tokens: list[int]) -> None:
        self.tokens = tokens
        self.step = -1

    def get_inputs(self) -> list[Any]:
        return []

    def run(self, _names: None, given: dict[str, Any]) -> list[Any]:
        if "input_values" in given:
            return [given["input_values"]]
        self.step = min(self.step + 1, len(self.tokens) - 1)
        return [np.eye(16, dtype=np.float32)[None, [self.tokens[self.step]]]]


def written(tokens: list[int], seconds: float = 4.0) -> str:
    """The text of a decoder that writes these tokens."""
    engine = MoonshineEngine()
    engine._encoder = engine._decoder = Scripted(tokens)
    engine._vocabulary = Vocabulary([f"▁{letter}".encode() for letter in "abcdefghijklmnop"])
    loud: Samples = np.full(round(seconds * 16_000), 0.5, np.float32)
    return " ".join(segment.text for segment in engine.transcribe(loud, ListenParams()))


def test_words_after_a_natural_repeat_are_kept() -> None:
    assert written([3, 4, 4, 4, 4, 4, 5, 6, END]) == "d e e e e e f g"
    assert written([*[3, 4] * 6, END]) == " ".join(["d e"] * 6)


def test_a_loop_that_never_ends_is_cut_to_one_turn() -> None:
    assert written([5, 6, 7]) == "f g h"
    assert written([9, *[3, 4, 5] * 40]) == "j d e f"
    assert written([3, 3, 3, 3, *[7, 8] * 40]) == "d d d d h i"


def test_the_limit_alone_cuts_nothing() -> None:
    assert written([3, 4, 5, 6, 7, 8], seconds=1.0) == "d e f g h i"


def test_a_missing_model_says_how_to_get_it() -> None:
    engine = Registry().create("moonshine", {"model": "moonshine-nothing"})
    assert not engine.weights_present()
    with pytest.raises(EngineWeightsMissing, match="moonshine-nothing"):
        engine.load(contract.no_progress)


@pytest.fixture(scope="module")
def moonshine() -> Iterator[MoonshineEngine]:
    engine = Registry().create("moonshine")
    assert isinstance(engine, MoonshineEngine)
    if not (engine.installed() and engine.weights_present()):
        pytest.skip("moonshine-cpp is not installed")
    engine.load(contract.no_progress)
    yield engine
    engine.unload()


@pytest.mark.engines("onnx", "moonshine_cpp")
@pytest.mark.parametrize("name", speech.WORDS)
def test_the_true_model_understands(moonshine: MoonshineEngine, name: str) -> None:
    heard = contract.check_stt(moonshine, speech.read(speech.DATA / name))
    assert speech.word_error_rate(speech.WORDS[name], heard) <= 0.05


@pytest.mark.engines("onnx", "moonshine_cpp")
def test_the_true_model_tells_how_likely_its_tokens_are(moonshine: MoonshineEngine) -> None:
    (segment,) = moonshine.transcribe(speech.read(speech.DATA / "weather.flac"), ListenParams(logprobs=True))
    assert b"".join(token.bytes for token in segment.likely).decode().strip() == segment.text
    assert all(-10 < token.logprob <= 0 for token in segment.likely)
    (plain,) = moonshine.transcribe(speech.read(speech.DATA / "weather.flac"), ListenParams())
    assert plain.likely == () and plain.text == segment.text


@pytest.mark.engines("onnx", "moonshine_cpp")
def test_the_true_model_says_nothing_of_what_is_no_speech(moonshine: MoonshineEngine) -> None:
    silence: Samples = np.zeros(16_000, np.float32)
    assert list(moonshine.transcribe(silence, ListenParams())) == []
    assert list(moonshine.transcribe(silence[:100] + 0.5, ListenParams())) == []


@pytest.mark.engines("onnx", "moonshine_cpp")
def test_other_files_under_the_names_of_a_model_are_refused(moonshine: MoonshineEngine, tmp_path: Path) -> None:
    for name in ("encoder_model.ort", "decoder_model_merged.ort"):
        (tmp_path / name).write_bytes(b"not a model")
    vocabulary_file(tmp_path, [b"a"])
    engine = Registry().create("moonshine", {"model": str(tmp_path)})
    with pytest.raises(EngineLoadFailed, match="no such model"):
        engine.load(contract.no_progress)
