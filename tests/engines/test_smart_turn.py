from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engines.log_mel import log_mel
from engines.registry import Registry
from engines.turn.smart_turn import SAMPLES, SmartTurnEngine, SmartTurnOptions, features
from stts.engine_api import Samples
from stts.errors import EngineError, EngineLoadFailed, EngineWeightsMissing
from tests.audio import tone
from tests.engines.contract import check_reload, no_progress
from tests.engines.onnx_file import write_mean_model
from tests.engines.speech import DATA, read


def engine_of(model: Path) -> SmartTurnEngine:
    return SmartTurnEngine(SmartTurnOptions(model=str(model)))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[SmartTurnEngine]:
    engine = engine_of(write_mean_model(tmp_path / "turn.onnx"))
    engine.load(no_progress)
    yield engine
    engine.unload()


def test_says_what_the_network_says_of_the_last_eight_seconds(engine: SmartTurnEngine) -> None:
    speech = read(DATA / "kitchen.flac")
    expected = 1 / (1 + np.exp(-features(speech).mean(dtype=np.float64)))
    assert engine.finished(speech) == pytest.approx(expected, abs=1e-5)
    assert engine.finished(speech) != pytest.approx(engine.finished(tone(3.0)), abs=1e-3)
    long = np.concatenate((tone(20.0), np.zeros(SAMPLES - len(speech), np.float32), speech))
    assert engine.finished(long) == pytest.approx(engine.finished(speech), abs=1e-6)


@pytest.mark.parametrize("samples", [np.zeros(0, np.float32), np.zeros(10, np.float32), np.ones(SAMPLES, np.float32)])
def test_bears_what_is_no_speech(engine: SmartTurnEngine, samples: Samples) -> None:
    assert 0.0 <= engine.finished(samples) <= 1.0


def test_loads_again_after_unload(engine: SmartTurnEngine) -> None:
    check_reload(engine)
    assert 0.0 <= engine.finished(tone(1.0)) <= 1.0
    assert pickle.loads(pickle.dumps(engine.options)) == engine.options


def test_is_not_there_without_its_file(tmp_path: Path) -> None:
    for engine in (SmartTurnEngine(), engine_of(tmp_path / "nothing.onnx"), engine_of(tmp_path)):
        assert not engine.weights_present()
        with pytest.raises(EngineWeightsMissing):
            engine.load(no_progress)
    assert engine_of(write_mean_model(tmp_path / "turn.onnx")).weights_present()


def test_refuses_the_file_of_another_model(tmp_path: Path) -> None:
    with pytest.raises(EngineLoadFailed):
        engine_of(write_mean_model(tmp_path / "other.onnx", name="audio")).load(no_progress)


def test_must_be_loaded(tmp_path: Path) -> None:
    with pytest.raises(EngineError):
        engine_of(write_mean_model(tmp_path / "turn.onnx")).finished(tone(1.0))


def test_loudness_does_not_matter(engine: SmartTurnEngine) -> None:
    speech = read(DATA / "kitchen.flac")
    assert engine.finished(speech * 0.1) == pytest.approx(engine.finished(speech), abs=1e-3)


def test_a_tone_is_loudest_in_its_band() -> None:
    """1 kHz is the fifteenth mel of 45.2 up to 8 kHz, so band 25.6 of 80."""
    heard = log_mel(tone(1.0, frequency=1000.0))
    assert heard.shape == (80, 100) and heard.dtype == np.float32
    assert set(heard[:, 2:-2].argmax(axis=0)) <= {25, 26}
    assert heard.max() - heard.min() <= 2.0, "eight powers of ten, in fours"


def speech_and_noise() -> list[Samples]:
    noise = np.random.default_rng(0).normal(0, 0.1, 200_000).astype(np.float32)
    return [
        noise,
        noise[:50_000],
        read(DATA / "kitchen.flac"),
        read(DATA / "weather.flac"),
        np.zeros(16_000, np.float32),
    ]


@pytest.mark.engines
def test_the_features_are_those_of_whisper() -> None:
    import whisper

    for samples in speech_and_noise():
        np.testing.assert_allclose(log_mel(samples), whisper.log_mel_spectrogram(samples).numpy(), atol=1e-3)


@pytest.mark.engines
def test_the_input_is_what_the_model_was_trained_on() -> None:
    from transformers import WhisperFeatureExtractor

    extractor = WhisperFeatureExtractor(chunk_length=8)
    for samples in speech_and_noise():
        window = np.pad(samples, (SAMPLES, 0))[-SAMPLES:]
        expected = extractor(window, sampling_rate=16_000, return_tensors="np", do_normalize=True)
        np.testing.assert_allclose(features(samples), expected.input_features, atol=1e-3)


@pytest.mark.engines("onnx", "pipecat")
def test_the_true_model_tells_a_finished_sentence_from_a_broken_one() -> None:
    engine = Registry().create("smart_turn")
    assert isinstance(engine, SmartTurnEngine)
    if not engine.weights_present():
        pytest.skip("the wheel of pipecat-ai, which holds the model, is not installed")
    engine.load(no_progress)
    weather = read(DATA / "weather.flac")
    assert engine.finished(weather) > 0.8
    broken = weather[: round(1.75 * 16_000)]
    assert engine.finished(broken) < 0.5
    engine.unload()
