from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engines.registry import Registry
from engines.speaker.embedding import SpeakerEmbeddingEngine, SpeakerEmbeddingOptions
from engines.speaker.features import d_vector_features, filter_bank, levelled
from stts.errors import EngineError, EngineLoadFailed, EngineWeightsMissing
from tests.audio import tone
from tests.engines.contract import check_reload, no_progress
from tests.engines.onnx_file import write_mean_model
from tests.speakers import RATE, need_speakers, voice


@pytest.fixture(scope="module")
def engine() -> Iterator[SpeakerEmbeddingEngine]:
    need_speakers()
    engine = Registry().create("speaker_embedding")
    assert isinstance(engine, SpeakerEmbeddingEngine)
    engine.load(no_progress)
    yield engine
    engine.unload()


def test_a_window_every_so_often_and_one_of_what_is_shorter(engine: SpeakerEmbeddingEngine) -> None:
    for seconds, count in ((0.0, 1), (0.1, 1), (0.9, 1), (2.1, 4), (30.0, 73)):
        vectors = engine.vectors(tone(seconds) if seconds else np.zeros(0, np.float32))
        assert vectors.shape == (count, 256) and vectors.dtype == np.float32
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-4)


@pytest.mark.socket
def test_one_voice_is_like_itself_and_unlike_another(engine: SpeakerEmbeddingEngine) -> None:
    def mean(number: int, sentence: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        vector = engine.vectors(voice(number)[sentence]).mean(axis=0)
        return np.asarray(vector / np.linalg.norm(vector))

    for number in (0, 1):
        assert mean(number, 0) @ mean(number, 4) > engine.same_speaker
    assert mean(0, 0) @ mean(1, 0) < engine.same_speaker - 0.1
    quiet = voice(0)[0] * 0.05
    assert engine.vectors(quiet).mean(axis=0) @ engine.vectors(voice(0)[0]).mean(axis=0) > 0.6, "from afar"


def test_loads_again_after_unload(engine: SpeakerEmbeddingEngine) -> None:
    check_reload(engine)
    assert len(engine.vectors(tone(1.0)))


def test_is_not_there_without_its_file(tmp_path: Path) -> None:
    engine = SpeakerEmbeddingEngine(SpeakerEmbeddingOptions(model=str(tmp_path / "nothing.onnx")))
    assert not engine.weights_present()
    with pytest.raises(EngineWeightsMissing):
        engine.load(no_progress)
    with pytest.raises(EngineError):
        engine.vectors(tone(1.0))


def test_refuses_other_files(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("no network")
    for file in (tmp_path / "text.onnx", write_mean_model(tmp_path / "turn.onnx")):
        with pytest.raises(EngineLoadFailed, match="speaker_embedding"):
            SpeakerEmbeddingEngine(SpeakerEmbeddingOptions(model=str(file))).load(no_progress)


@pytest.mark.parametrize(("name", "time"), [("feats", "T"), ("x", "T"), ("feats", 80)])
def test_a_network_over_kaldis_bands_is_known_by_its_input(tmp_path: Path, name: str, time: int | str) -> None:
    """The signature of exports of WeSpeaker (`feats` -> `embs`) and 3D-Speaker (`x`), with how each band varies."""
    file = write_mean_model(
        tmp_path / "embs.onnx", name=name, shape=("B", time, 80), operation="ReduceL2", over=(1,), output="embs"
    )
    engine = SpeakerEmbeddingEngine(SpeakerEmbeddingOptions(model=str(file)))
    engine.load(no_progress)
    assert engine.same_speaker == 0.5
    vectors = engine.vectors(tone(2.1))
    assert vectors.shape == (4, 80) and np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-4)


def test_vectors_are_judged_by_the_kind_of_the_network_and_not_by_its_name(tmp_path: Path) -> None:
    file = write_mean_model(tmp_path / "own.onnx", name="mel_window", shape=("B", 80, 40), over=(1,))
    engine = SpeakerEmbeddingEngine(SpeakerEmbeddingOptions(model=str(file)))
    engine.load(no_progress)
    assert engine.same_speaker == 0.63
    assert SpeakerEmbeddingEngine(SpeakerEmbeddingOptions(model=str(file), same_speaker=0.7)).same_speaker == 0.7


def test_a_tone_is_loudest_in_its_bands() -> None:
    heard = tone(1.0, frequency=1000.0)
    # 1 kHz is the fifteenth mel of 45.2 up to 8 kHz, so band 13 of 40; by Kaldi's scale band 27 of 80.
    assert set(d_vector_features(heard).argmax(axis=1)) <= {12, 13}
    assert set(filter_bank(heard).argmax(axis=1)) <= {26, 27, 28}
    assert d_vector_features(heard).shape == (97, 40) and filter_bank(heard).shape == (98, 80)


def test_loudness_is_evened_out_and_silence_is_left() -> None:
    assert np.allclose(levelled(tone(1.0) * 0.01), levelled(tone(1.0)), atol=1e-4)
    assert not levelled(np.zeros(RATE, np.float32)).any() and not len(levelled(np.zeros(0, np.float32)))
