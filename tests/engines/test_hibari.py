"""hibari with the weights that its package carries."""

from __future__ import annotations

import importlib
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engines.registry import Registry
from engines.tts.hibari import HibariEngine
from engines.tts.hibari_model import HibariModel, parts
from engines.tts.hibari_times import SAMPLE_RATE
from engines.tts.hibari_voices import HEART, VOICES
from stts.audio.level import active_level
from stts.engine_api import Samples, SpeechParams, Voice
from stts.errors import EngineWeightsMissing, UnknownVoice
from tests import patient
from tests.engines import contract
from tests.engines.speech import WORDS

pytestmark = pytest.mark.socket

ROOT = Path(__file__).parents[2]
VARIED = [
    "Dr. Smith paid $48.50 at 7:45 p.m. on 3 May 2024, e.g. for 12 km by taxi.",
    "I read what they had read; the live wire lives near Zyxolotl of Kraznobor.",
    "NASA's A-frame isn't used to be refused: O'Brien, naïve as ever, re-records the record.",
    "“Quotes”, (brackets) and — dashes; a/b = c? 50% off & more... wow!",
    *WORDS.values(),
]


@pytest.fixture(scope="module")
def engine() -> Iterator[HibariEngine]:
    engine = Registry().create("hibari")
    assert isinstance(engine, HibariEngine)
    engine.load(contract.no_progress)
    yield engine
    engine.unload()


def spoken(engine: HibariEngine, text: str, params: SpeechParams = SpeechParams()) -> Samples:  # noqa: B008
    return np.concatenate([np.zeros(0, np.float32), *engine.synthesize(text, HEART.voice, params)])


def test_the_packages_own_pronunciation(engine: HibariEngine) -> None:
    """The packed tables, the tagger and the net for unknown words read every text as the package itself does."""
    from hibari.g2p import G2P

    for british in (False, True):
        assert engine._model is not None
        folder = engine.require_model(HEART.model)
        model = HibariModel(folder)
        model.prepare(folder / HEART.file, british=british)
        own = G2P(british=british)
        words = own.lexicon.golds.d
        lists = [" ".join(list(words)[start : start + 40]) for start in range(0, len(words), 3000)]
        for text in [*VARIED, *lists]:
            assert model.pronounced(text, british=british).phonemes == own(text), text


def test_the_same_text_is_the_same_audio(engine: HibariEngine) -> None:
    once = spoken(engine, "This sounds the same. So does this.")
    assert np.array_equal(once, spoken(engine, "This sounds the same. So does this."))
    seeded = spoken(engine, "This sounds the same. So does this.", SpeechParams(seed=7))
    assert len(seeded) == len(once) and not np.array_equal(seeded, once)


def test_speed(engine: HibariEngine) -> None:
    usual, fast, slow = (
        len(spoken(engine, "One sentence of some length.", SpeechParams(speed=speed))) for speed in (1.0, 2.0, 0.5)
    )
    assert fast < 0.7 * usual and slow > 1.5 * usual
    assert engine.info.abilities.speed == (0.5, 2.0)


def test_one_block_a_sentence_and_abbreviations_end_none(engine: HibariEngine) -> None:
    blocks = engine.synthesize("We met e.g. Dr. Smith and Mrs. Lee. They left.", HEART.voice, SpeechParams())
    sounds = [len(block) for block in blocks if active_level(block, SAMPLE_RATE) is not None]
    assert len(sounds) == 2


def test_silence_around_sentences_is_cut_to_a_pause(engine: HibariEngine) -> None:
    samples = spoken(engine, "The birch canoe slid away. Nobody saw it.")
    loud = np.flatnonzero(np.abs(samples) > 0.01)
    gap = np.diff(loud).max() / SAMPLE_RATE
    assert loud[0] / SAMPLE_RATE < 0.03
    assert 0.15 < gap < 0.32
    assert (len(samples) - loud[-1]) / SAMPLE_RATE < 0.32


def test_its_level_is_as_stated(engine: HibariEngine) -> None:
    level = active_level(
        spoken(engine, "The old lighthouse keeper counted ships. Tea and a slice of cake."), SAMPLE_RATE
    )
    assert HEART.voice.level is not None
    assert level == pytest.approx(HEART.voice.level, abs=1.0)


@pytest.mark.parametrize("text", ["你好，世界。", "🎉", "...", "—"])
def test_what_it_cannot_read_is_no_sound(engine: HibariEngine, text: str) -> None:
    assert not len(spoken(engine, text)) or active_level(spoken(engine, text), SAMPLE_RATE) is None


def test_a_long_number_is_cut_between_words(engine: HibariEngine) -> None:
    assert len(spoken(engine, "9" * 150)) / SAMPLE_RATE > 20
    assert len(spoken(engine, "① then 12,345,678,901,234,567,890 dollars")) > 0
    assert list(parts("ab cd ef", 5)) == ["ab cd", "ef"]
    assert list(parts("abcdefg", 3)) == ["abc", "def", "g"]
    assert list(parts("", 3)) == []


def test_voices_that_are_not_here_are_not_offered(engine: HibariEngine) -> None:
    assert [voice.id for voice in engine.voices()] == ["heart"]
    assert engine.find_voice("emma") is None
    with pytest.raises(UnknownVoice):
        list(engine.synthesize("Hello.", Voice("nobody"), SpeechParams()))
    with pytest.raises(EngineWeightsMissing, match="stts models pull hibari-emma"):
        list(engine.synthesize("Hello.", VOICES[1].voice, SpeechParams()))


def test_a_voice_is_offered_where_its_file_is_and_checked_before_it_speaks(tmp_path: Path) -> None:
    engine = Registry().create("hibari")
    assert isinstance(engine, HibariEngine)
    engine.model_folders = (str(tmp_path),)
    emma = VOICES[1]
    file = tmp_path / emma.model / emma.file
    file.parent.mkdir()
    with file.open("wb") as damaged:
        damaged.truncate(engine.known_models[emma.model].files[0].bytes)
    assert [voice.id for voice in engine.voices()] == ["heart", "emma"]
    assert engine.of_gender(HEART.voice, "male") == HEART.voice
    engine.load(contract.no_progress)
    with pytest.raises(EngineWeightsMissing, match="SHA-256"):
        list(engine.synthesize("Hello.", emma.voice, SpeechParams()))
    engine.unload()


def test_a_damaged_package_is_told_at_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Registry().create("hibari")
    package = tmp_path / "hibari"
    shutil.copytree(engine.require_model(HEART.model), package / "assets")
    (package / "__init__.py").touch()
    network = package / "assets" / HEART.file
    data = bytearray(network.read_bytes())
    data[1000] ^= 1
    network.write_bytes(data)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [each for each in sys.modules if re.fullmatch(r"hibari(\..*)?", each)]:
        monkeypatch.delitem(sys.modules, name)
    importlib.invalidate_caches()
    with pytest.raises(EngineWeightsMissing, match=re.escape(HEART.file)):
        engine.load(contract.no_progress)


ALONE = """
import sys
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        raise AssertionError(event)
sys.addaudithook(refuse)
from engines.registry import Registry
from stts.engine_api import SpeechParams
engine = Registry().create("hibari")
engine.load(lambda step, part: None)
assert list(engine.synthesize("Hello, Kraznobor.", engine.voices()[0], SpeechParams()))
assert "huggingface_hub" not in sys.modules
"""


def test_it_needs_no_network() -> None:
    done = patient.run([sys.executable, "-c", ALONE], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_words_begin_where_they_sound(engine: HibariEngine) -> None:
    text = "Good morning everybody, thank you. It costs $48.50 today."
    blocks = list(engine.synthesize_timed(text, HEART.voice, SpeechParams()))
    words = [word for block in blocks for word in block.words]
    assert [text[word.place : word.end] for word in words] == text.split()
    samples = np.concatenate([block.samples for block in blocks])
    assert np.array_equal(samples, spoken(engine, text))
    begins = [word.begins for word in words]
    assert begins == sorted(begins) and begins[-1] < len(samples) / SAMPLE_RATE
    # Behind the full stop: the last silence before the second half of the sound.
    quiet = np.flatnonzero(np.abs(samples) < 0.003)
    pauses = [run for run in np.split(quiet, np.flatnonzero(np.diff(quiet) > 1) + 1) if len(run) > 0.1 * SAMPLE_RATE]
    ends = [run[-1] / SAMPLE_RATE for run in pauses if run[-1] < len(samples) - 1]
    assert min(abs(end - words[5].begins) for end in ends) < 0.08


def test_words_behind_pauses_are_told_neither_early_nor_late(engine: HibariEngine) -> None:
    text = (
        "These days, a chicken leg, is a rare dish. Glue the sheet, to the dark blue background. Even so, they went on."
    )
    blocks = list(engine.synthesize_timed(text, HEART.voice, SpeechParams()))
    samples = np.concatenate([block.samples for block in blocks])
    loud = np.flatnonzero(np.abs(samples) > 0.05 * np.abs(samples).max()) / SAMPLE_RATE
    sounds = np.concatenate([loud[:1], loud[1:][np.diff(loud) > 0.08]])
    begins = np.array([word.begins for block in blocks for word in block.words])
    late = [begins[np.abs(begins - sound).argmin()] - sound for sound in sounds]
    assert len(late) > 5
    assert abs(np.mean(late)) < 0.025
