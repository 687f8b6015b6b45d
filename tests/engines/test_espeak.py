from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from engines.tts import espeak_blocks
from engines.tts.espeak import EspeakEngine, EspeakParameters
from engines.tts.espeak_library import LIBRARY, EspeakLibrary, Utterance
from engines.tts.espeak_voices import bcp47
from stts.engine_api import SpeechParams, Voice
from stts.errors import EngineError, UnknownVoice
from tests import patient
from tests.engines.contract import BCP47, no_progress
from tests.patient import PATIENCE

SENTENCE = "The quick brown fox jumps over the lazy dog, and runs away into the woods."


@pytest.fixture(scope="module")
def engine() -> Iterator[EspeakEngine]:
    engine = EspeakEngine()
    engine.load(no_progress)
    yield engine
    engine.unload()


def speak(engine: EspeakEngine, text: str, voice: str = "en-us", speed: float = 1.0, **extra: object) -> np.ndarray:
    found = engine.find_voice(voice)
    assert found is not None
    params = SpeechParams(speed=speed, extra=EspeakParameters.model_validate(extra))
    return np.concatenate([np.zeros(0, np.float32), *engine.synthesize(text, found, params)])


def test_names_a_voice_for_each_language() -> None:
    engine = EspeakEngine()
    voices = {voice.id: voice for voice in engine.info.voices}
    assert len(voices) > 120 and len(engine.info.languages) > 120
    assert voices["en-us"] == Voice("en-us", "English (America)", ("en-US", "en"), "male")
    assert {"de", "fr-fr", "cmn", "ru", "hi", "ar", "ja"} <= set(voices)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("en-us", "en-us"),
        ("EN-US", "en-us"),
        ("en", "en-gb"),
        ("fr", "fr-fr"),
        ("zh", "cmn"),
        ("pt-BR", "pt-br"),
        ("en-us+f3", "en-us+f3"),
        ("de+Mr SERIOUS", "de+Mr serious"),
        ("fr+whisper", "fr-fr+whisper"),
        ("en-us+", None),
        ("en-us+nobody", None),
        ("nobody", None),
        ("+f3", None),
        ("", None),
        ("en-us+../f3", None),
        ("../../etc/passwd", None),
    ],
)
def test_finds_voices_and_variants(asked: str, found: str | None) -> None:
    voice = EspeakEngine().find_voice(asked)
    assert (voice and voice.id) == found


def test_a_variant_has_its_own_gender_and_the_languages_of_its_base() -> None:
    voice = EspeakEngine().find_voice("en-gb+f2")
    assert voice is not None
    assert (voice.gender, voice.languages) == ("female", ("en-GB", "en"))


@pytest.mark.parametrize(
    ("tag", "well_formed"),
    [
        ("en-us", "en-US"),
        ("es-419", "es-419"),
        ("cmn-latn-pinyin", "cmn-Latn-pinyin"),
        ("en-gb-x-rp", "en-GB-x-rp"),
        ("en-gb-scotland", "en-GB-scotland"),
        ("en-us-nyc", "en-US-x-nyc"),
        ("chr-US-Qaaa-x-west", "chr-US-x-qaaa-x-west"),
    ],
)
def test_language_tags(tag: str, well_formed: str) -> None:
    assert bcp47(tag) == well_formed


@given(st.from_regex(r"[a-z]{2,3}(-[a-zA-Z0-9]{1,8}){0,5}", fullmatch=True))
def test_any_language_tag_becomes_well_formed(tag: str) -> None:
    if tag.endswith(("-x", "-X")):
        tag += "-y"
    assert BCP47.fullmatch(bcp47(tag))


def test_every_voice_speaks(engine: EspeakEngine) -> None:
    texts = ("1 2 3", "a e i o u")  # some know no digits, some no Latin letters
    silent = [
        voice.id
        for voice in engine.info.voices
        if all(np.abs(speak(engine, text, voice.id)).max() < 0.05 for text in texts)
    ]
    assert silent == []


def test_variants_sound_different(engine: EspeakEngine) -> None:
    low, high = (_pitch(speak(engine, SENTENCE, f"en-us{variant}")) for variant in ("+m7", "+f2"))
    assert low * 1.2 < high


def test_parameters_do_what_they_say(engine: EspeakEngine) -> None:
    plain = speak(engine, SENTENCE)
    assert len(speak(engine, SENTENCE, speed=2.0)) < 0.6 * len(plain)
    assert len(speak(engine, SENTENCE, speed=0.5)) > 1.6 * len(plain)
    assert len(speak(engine, SENTENCE, word_gap=20)) > len(plain) + 22_050
    assert len(speak(engine, "Hello (world)", say_punctuation=True)) > 1.5 * len(speak(engine, "Hello (world)"))
    assert np.abs(speak(engine, SENTENCE, amplitude=10)).max() < 0.3 * np.abs(plain).max()
    assert _pitch(speak(engine, SENTENCE, base_pitch=90)) > 1.2 * _pitch(plain)
    assert len(speak(engine, SENTENCE)) == pytest.approx(len(plain), rel=0.02), "nothing sticks"


def test_parameters_have_ranges() -> None:
    for wrong in ({"amplitude": 201}, {"word_gap": -1}, {"base_pitch": float("nan")}, {"voice": "de"}):
        with pytest.raises(ValidationError):
            EspeakParameters.model_validate(wrong)


def _pitch(samples: np.ndarray) -> float:
    """Hz, of the voiced parts: the strongest period between 60 and 350 Hz."""
    spectrum = np.abs(np.fft.rfft(samples, 2 * len(samples))) ** 2
    correlation = np.fft.irfft(spectrum)[: 22_050 // 60]
    shortest = 22_050 // 350
    return 22_050 / float(shortest + np.argmax(correlation[shortest:]))


def test_markup_is_read_not_obeyed(engine: EspeakEngine) -> None:
    assert len(speak(engine, '<speak><break time="60s"/>Hello</speak>')) < 20 * 22_050
    plain = speak(engine, "hello 50 S world")
    assert len(speak(engine, "hello \x0150S world")) == pytest.approx(len(plain), rel=0.35)
    assert len(speak(engine, "[[h@l'oU]]")) > len(speak(engine, "hello")), "spelt out"


def test_a_mark_at_the_end_brings_its_pause(engine: EspeakEngine) -> None:
    assert len(speak(engine, "Hello.")) > len(speak(engine, "Hello,")) > len(speak(engine, "Hello")) + 1000


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_spoken_or_silent(engine: EspeakEngine, text: str) -> None:
    assert np.isfinite(speak(engine, text)).all()


@pytest.mark.parametrize("text", ["", " ", "\x00", "a\x00b", "\ud800", "\n\n", "…", "\U0001f600"])
def test_odd_text_does_no_harm(engine: EspeakEngine, text: str) -> None:
    speak(engine, text)
    assert np.abs(speak(engine, "hello")).max() > 0.05


def test_the_first_block_does_not_wait_for_the_last(engine: EspeakEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """With room for one block only the library cannot be ahead: what arrives first was made first."""
    monkeypatch.setattr(espeak_blocks, "MOST_BLOCKS", 1)
    voice = engine.find_voice("en-us")
    assert voice is not None
    blocks = engine.synthesize(SENTENCE * 10, voice, SpeechParams(hurried=True))
    assert len(next(blocks)) < 22_050
    assert any(thread.name == "espeak" for thread in threading.enumerate()), "still speaking"
    blocks.close()  # type: ignore[attr-defined]
    for thread in threading.enumerate():
        if thread.name == "espeak":
            thread.join(timeout=PATIENCE)
            assert not thread.is_alive()
    assert len(speak(engine, SENTENCE)) > 3 * 22_050


def test_the_library_stops_when_told(engine: EspeakEngine) -> None:
    blocks: list[bytes] = []

    def take_two(block: bytes) -> bool:
        blocks.append(block)
        return len(blocks) < 2

    LIBRARY.speak(Utterance(SENTENCE * 10, "gmw/en-US"), take_two)
    assert len(blocks) == 2


def test_engines_do_not_disturb_each_other(engine: EspeakEngine) -> None:
    """They share the library's one state: voices and calls in turn, and the last to go turns off the light."""
    other = EspeakEngine()
    other.load(no_progress)
    german, english = other.find_voice("de"), engine.find_voice("en-us+f3")
    assert german is not None and english is not None
    apart = [len(speak(other, SENTENCE, "de", speed=2.0)), len(speak(engine, SENTENCE, "en-us+f3"))]
    first = other.synthesize(SENTENCE, german, SpeechParams(speed=2.0))
    second = engine.synthesize(SENTENCE, english, SpeechParams())
    lengths = [len(next(first)), len(next(second))]
    lengths = [lengths[0] + sum(map(len, first)), lengths[1] + sum(map(len, second))]
    assert lengths == pytest.approx(apart, rel=0.02)
    other.unload()
    assert len(speak(engine, SENTENCE)) > 3 * 22_050


def test_many_threads_take_turns(engine: EspeakEngine) -> None:
    lengths: list[int] = []
    threads = [threading.Thread(target=lambda: lengths.append(len(speak(engine, SENTENCE)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lengths) == 8
    assert max(lengths) - min(lengths) < 0.02 * max(lengths)


def test_errors() -> None:
    unloaded = EspeakEngine()
    voice = unloaded.find_voice("en-us")
    assert voice is not None
    with pytest.raises(UnknownVoice):
        next(unloaded.synthesize("hello", Voice("nobody"), SpeechParams()))
    library = EspeakLibrary()
    with pytest.raises(EngineError, match="not loaded"):
        library.speak(Utterance("hello", "gmw/en-US"), lambda _: True)


DEEP = """
import sys
from pathlib import Path
import espeakng_loader
from engines.tts.espeak_library import EspeakLibrary, Utterance

library, said = EspeakLibrary(), []
library.open(Path(espeakng_loader.get_library_path()), Path(sys.argv[1]))
library.speak(Utterance("hello", "sit/cmn-Latn-pinyin"), lambda block: said.append(block) or True)
library.close()
print(sum(map(len, said)))
"""


@pytest.mark.socket
def test_a_long_path_to_the_data_is_no_obstacle(tmp_path: Path) -> None:
    import espeakng_loader

    deep = tmp_path.joinpath(*["folder" * 5] * 6)
    deep.mkdir(parents=True)
    (deep / "espeak-ng-data").symlink_to(espeakng_loader.get_data_path(), target_is_directory=True)
    told = patient.run([sys.executable, "-c", DEEP, str(deep / "espeak-ng-data")], capture_output=True, text=True)
    assert told.stderr == ""
    assert int(told.stdout) > 5_000


@pytest.mark.socket
def test_missing_data_is_a_clear_error(tmp_path: Path) -> None:
    told = patient.run([sys.executable, "-c", DEEP, str(tmp_path)], capture_output=True, text=True)
    assert told.returncode == 1
    assert "EngineLoadFailed: eSpeak NG could not read" in told.stderr


@pytest.mark.parametrize("hurried", [False, True])
def test_words_are_told_where_they_begin(engine: EspeakEngine, hurried: bool) -> None:
    text = " Good m\u00f6rning everybody, it costs $48.50 today. Yes, Dr. Smith!"
    voice = next(voice for voice in engine.voices() if voice.id == "en-us")
    blocks = list(engine.synthesize_timed(text, voice, SpeechParams(hurried=hurried)))
    assert hurried or len(blocks) == 1, "the words go with the audio"
    words = [word for block in blocks for word in block.words]
    assert [text[word.place : word.end] for word in words] == text.split()
    samples = np.concatenate([block.samples for block in blocks])
    assert len(samples) == pytest.approx(len(speak(engine, text)), rel=0.01), "the library never speaks quite alike"
    begins = [word.begins for word in words]
    assert begins == sorted(begins) and all(word.begins < word.ends for word in words)
    # "it" and "Yes," begin behind pauses, which is where the library says.
    for word in (words[3], words[7]):
        at = round(word.begins * engine.info.sample_rate)
        assert np.abs(samples[at - 1000 : at]).max() < 0.01 < np.abs(samples[at : at + 2000]).max()


def test_no_words_are_told_where_none_are_set_apart(engine: EspeakEngine) -> None:
    voice = next(voice for voice in engine.voices() if voice.languages[0].startswith(("cmn", "zh")))
    assert not any(block.words for block in engine.synthesize_timed("你好世界。", voice, SpeechParams()))
