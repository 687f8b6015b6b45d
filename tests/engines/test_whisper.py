from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engines.stt.whisper import (
    MODELS,
    WhisperEngine,
    WhisperOptions,
    WhisperParameters,
    keep_in_half,
    whisper_code,
)
from engines.stt.whisper_languages import LANGUAGES
from stts.engine_api import ListenParams, Samples, Segment
from stts.errors import EngineWeightsMissing, InvalidParameter
from tests.engines import checkpoints, contract, hub, speech

pytestmark = pytest.mark.engines

ONCE = WhisperParameters(compression_ratio_threshold=100, logprob_threshold=-100, no_speech_threshold=1)
"""Random weights pass no threshold: with these the first result stands."""


@pytest.fixture(scope="module")
def heard() -> Samples:
    return speech.read(speech.DATA / "kitchen.flac", seconds=5)


@pytest.fixture
def whisper(loaded: Callable[[str], Any]) -> WhisperEngine:
    engine = loaded("whisper")
    assert isinstance(engine, WhisperEngine)
    return engine


def listen(engine: WhisperEngine, samples: Samples, extra: WhisperParameters = ONCE, **params: Any) -> list[Segment]:
    return list(engine.transcribe(samples, ListenParams(extra=extra, **params)))


def engine_of(path: Path, **options: Any) -> WhisperEngine:
    engine = WhisperEngine(WhisperOptions(model=str(path), device="cpu", **options))
    engine.load(contract.no_progress)
    return engine


def test_names_and_languages_are_the_packages_own() -> None:
    import whisper
    from whisper.tokenizer import LANGUAGES as CODES

    assert set(MODELS) == set(whisper.available_models())
    multilingual = type("Model", (), {"is_multilingual": True, "num_languages": 100})
    assert [whisper_code(multilingual, tag) for tag in (*LANGUAGES, "yue")] == list(CODES)
    assert [whisper_code(multilingual, tag) for tag in ("en-GB", "zh-Hant-TW", "nb-NO", "fil")] == [
        "en",
        "zh",
        "no",
        "tl",
    ]


def test_parameters_are_those_of_transcribe_with_its_defaults() -> None:
    from whisper.transcribe import transcribe

    upstream = inspect.signature(transcribe).parameters
    for name in ("compression_ratio_threshold", "logprob_threshold", "no_speech_threshold"):
        assert WhisperParameters.model_fields[name].default == upstream[name].default


def test_segments_carry_all_that_whisper_says(whisper: WhisperEngine, heard: Samples) -> None:
    segments = listen(whisper, heard, word_timestamps=True)
    assert segments
    for segment in segments:
        assert segment.tokens and segment.words
        assert segment.avg_logprob is not None and segment.avg_logprob < 0
        assert segment.compression_ratio is not None and segment.compression_ratio > 0
        assert segment.no_speech_prob is not None and 0 <= segment.no_speech_prob <= 1
        assert [word.start for word in segment.words] == sorted(word.start for word in segment.words)
        assert all(word.text == word.text.strip() and 0 <= (word.probability or 0) <= 1 for word in segment.words)
    assert not any(segment.words for segment in listen(whisper, heard))


def test_times_stay_within_the_region(whisper: WhisperEngine) -> None:
    short = np.random.default_rng(1).normal(0, 0.1, 16_000).astype(np.float32)
    for segment in listen(whisper, short, word_timestamps=True):
        assert 0 <= segment.start <= segment.end <= 1
        assert all(0 <= word.start <= word.end <= 1 for word in segment.words)


def test_detects_the_language_or_takes_the_one_given(whisper: WhisperEngine, heard: Samples) -> None:
    (detected,) = {segment.language for segment in listen(whisper, heard)}
    assert detected in LANGUAGES
    assert {segment.language for segment in listen(whisper, heard, language="jv-ID")} == {"jv"}


def test_falls_back_to_higher_temperatures(whisper: WhisperEngine, heard: Samples) -> None:
    impossible = WhisperParameters(logprob_threshold=0, no_speech_threshold=1)
    assert {segment.temperature for segment in listen(whisper, heard, impossible)} == {1.0}
    assert {segment.temperature for segment in listen(whisper, heard)} == {0.0}
    fixed = WhisperParameters(temperature=0.4, logprob_threshold=0, no_speech_threshold=1)
    assert {segment.temperature for segment in listen(whisper, heard, fixed)} == {0.4}


def test_what_sounds_like_no_speech_and_is_unlikely_gives_no_text(whisper: WhisperEngine, heard: Samples) -> None:
    strict = WhisperParameters(compression_ratio_threshold=100, logprob_threshold=0, no_speech_threshold=0)
    assert listen(whisper, heard, strict) == []


def test_previous_text_is_only_text(whisper: WhisperEngine, heard: Samples) -> None:
    """Marks in it would be refused by the tokenizer, and would let a client write Whisper's own tokens."""
    assert listen(whisper, heard, prompt="<|endoftext|>") == listen(whisper, heard)
    with_marks = listen(whisper, heard, prompt="before <|notimestamps|>this " * 20)
    assert with_marks == listen(whisper, heard, prompt="before this " * 20) != listen(whisper, heard)


def test_translates(whisper: WhisperEngine, heard: Samples) -> None:
    assert listen(whisper, heard, task="translate", language="de")


@pytest.mark.parametrize("sizes", [{"multilingual": False}, {"audio_layers": 8, "text_layers": 1}], ids=str)
def test_models_that_cannot_translate_refuse(sizes: dict[str, Any], heard: Samples, tmp_path: Path) -> None:
    engine = engine_of(checkpoints.whisper(tmp_path / "model.pt", **sizes))
    with pytest.raises(InvalidParameter) as caught:
        listen(engine, heard, task="translate")
    assert caught.value.param == "task" and caught.value.allowed == ["transcribe"]
    assert listen(engine, heard)


def test_an_english_model_knows_english(heard: Samples, tmp_path: Path) -> None:
    engine = engine_of(checkpoints.whisper(tmp_path / "small.en.pt", multilingual=False))
    assert engine.info.languages == ("en",)
    assert {segment.language for segment in listen(engine, heard)} == {"en"}
    assert {segment.language for segment in listen(engine, heard, language="en-US")} == {"en"}
    with pytest.raises(InvalidParameter):
        listen(engine, heard, language="de")


def test_weights_kept_in_half_precision_say_the_same(tmp_path: Path) -> None:
    """On a GPU Whisper would convert each of them for every token."""
    import torch
    import whisper

    path = str(checkpoints.whisper(tmp_path / "half.pt", half=True))
    kept, converted = whisper.load_model(path, device="cpu"), whisper.load_model(path, device="cpu")
    keep_in_half(kept)
    assert kept.decoder.positional_embedding.dtype == torch.float32
    assert {each.dtype for each in kept.decoder.blocks.parameters()} == {torch.float16}
    mel, tokens = torch.randn(1, 80, 3000).half(), torch.tensor([[50258, 50259, 50359]])
    with torch.no_grad():
        heard, wanted = kept(mel, tokens), converted(mel, tokens)
    assert float((heard - wanted).abs().max()) <= float(wanted.abs().max()) * 2**-9


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[hub.Hub]:
    """A server that publishes a model as `tiny`, where Whisper looks for it."""
    import whisper

    folder = tmp_path / "published"
    folder.mkdir()
    weights = checkpoints.whisper(folder / "tiny.pt", audio_layers=4, text_layers=4, heads=6).read_bytes()
    with hub.running(hub.Hub({"models": folder})) as served:
        digest = hashlib.sha256(weights).hexdigest()
        monkeypatch.setitem(whisper._MODELS, "tiny", f"{served.url}/models/resolve/{digest}/tiny.pt")
        yield served


def test_fetches_a_published_model_once(published: hub.Hub, heard: Samples, tmp_path: Path) -> None:
    engine = WhisperEngine(WhisperOptions(model="tiny", device="cpu", download_root=str(tmp_path / "models")))
    assert not engine.weights_present()
    parts: list[float | None] = []
    engine.load(lambda _, part: parts.append(part))
    published.refusal = (500, "")
    assert engine.weights_present() and listen(engine, heard)
    done = [part for part in parts if part is not None]
    assert done == sorted(done) and done[0] == 0 and done[-1] == 1 and len(done) > 4
    contract.check_reload(engine)
    assert len(published.asked) == 1


@pytest.mark.parametrize("failure", ["refused", "broken off", "another file"])
def test_a_model_that_cannot_be_fetched(failure: str, published: hub.Hub, tmp_path: Path) -> None:
    if failure == "refused":
        published.refusal = (403, "")
    elif failure == "broken off":
        published.breaks.append("tiny.pt")
    else:
        (tmp_path / "published" / "tiny.pt").write_bytes(b"another file")
    engine = WhisperEngine(WhisperOptions(model="tiny", device="cpu", download_root=str(tmp_path / "models")))
    with pytest.raises(EngineWeightsMissing, match=r"tiny\.pt"):
        engine.load(contract.no_progress)
    assert not engine.weights_present() and not list((tmp_path / "models").iterdir())


def test_a_damaged_model_that_cannot_be_fetched_anew(published: hub.Hub, tmp_path: Path) -> None:
    published.refusal = (503, "")
    (tmp_path / "tiny.pt").write_bytes(b"half a model")
    engine = WhisperEngine(WhisperOptions(model="tiny", device="cpu", download_root=str(tmp_path)))
    with pytest.raises(EngineWeightsMissing, match=r"engines\.options\.whisper\.download_root"):
        engine.load(contract.no_progress)


def test_half_precision_only_where_it_helps(whisper: WhisperEngine, heard: Samples) -> None:
    import torch

    assert whisper._model.encoder.conv1.weight.dtype is torch.float32
    assert not whisper._decoding(whisper._model, ListenParams())["fp16"]
    whisper.device, before = "cuda:1", whisper.device
    assert whisper._decoding(whisper._model, ListenParams())["fp16"]
    whisper.device = before
