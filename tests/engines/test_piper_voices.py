"""Piper's voices are found and described by their files alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from engines.registry import Registry
from engines.tts.piper_voices import LOOK_AGAIN_SECONDS, VoiceFolders
from stts.engine_api import TTSEngine, Voice
from tests.engines.piper_voice import describe


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def folders(*paths: Path, clock: Clock | None = None) -> VoiceFolders:
    return VoiceFolders(lambda: [(path, None) for path in paths], clock or Clock())


def test_a_description_says_language_rate_gender_and_name(tmp_path: Path) -> None:
    describe(tmp_path, "en_GB-alan-low", dataset="alan", language={"code": "en_GB"})
    describe(tmp_path / "de", "de_DE-own-high", audio={"sample_rate": 22050}, language={"code": "de_DE"}, gender="F")
    describe(tmp_path, "old", dataset=None, language=None, espeak={"voice": "pt-br"})
    voices = {voice.id: voice for voice in folders(tmp_path).voices}
    alan = Voice("en_GB-alan-low", "Alan (low)", ("en-GB",), "male", sample_rate=16_000, model="en_GB-alan-low")
    assert replace(voices["en_GB-alan-low"], revision="") == alan
    assert (voices["de_DE-own-high"].gender, voices["de_DE-own-high"].sample_rate) == ("female", 22_050)
    assert (voices["old"].languages, voices["old"].gender) == (("pt-BR",), "")


def test_speakers_are_voices_by_name_and_number(tmp_path: Path) -> None:
    describe(tmp_path, "en_US-many-low", num_speakers=2, speaker_id_map={"p1": 0, "p2": 7})
    found = folders(tmp_path)
    assert [voice.id for voice in found.voices] == ["en_US-many-low", "en_US-many-low#p1", "en_US-many-low#p2"]
    for name in ("EN_us-many-low#P2", "en_US-many-low#7"):
        voice = found.find(name)
        assert voice is not None and voice.id == "en_US-many-low#p2"
    assert found.find("en_US-many-low#p3") is None
    assert found.find("nobody") is None and found.find("#p1") is None and found.find("") is None


def test_speakers_are_listed_by_their_numbers(tmp_path: Path) -> None:
    describe(tmp_path, "en_US-many-low", num_speakers=3, speaker_id_map={"z": 0, "m": 2, "a": 1})
    assert [voice.id.partition("#")[2] for voice in folders(tmp_path).voices[1:]] == ["z", "a", "m"]


def test_the_card_beside_a_voice_is_its_own_where_no_other_voice_lies_there(tmp_path: Path) -> None:
    describe(tmp_path / "alone", "en_US-alone-low")
    (tmp_path / "alone" / "MODEL_CARD").write_text("# Alone")
    for name in ("en_US-one-low", "en_US-two-low"):
        describe(tmp_path / "both", name)
    (tmp_path / "both" / "MODEL_CARD").write_text("# Whose?")
    found = folders(tmp_path)
    assert found.card("en_US-alone-low") == "# Alone"
    assert found.card("en_US-one-low") is None and found.card("nobody") is None
    (tmp_path / "alone" / "MODEL_CARD").write_bytes(b"\xff\xfe")
    assert found.card("en_US-alone-low") is None


def test_what_is_no_voice_is_left_out(tmp_path: Path) -> None:
    describe(tmp_path, "good")
    (tmp_path / "alone.onnx").write_bytes(b"")
    for name, content in (("broken", "{"), ("list", "[]"), ("poor", "{}"), ("null", '{"audio": null, "espeak": {}}')):
        (tmp_path / f"{name}.onnx").write_bytes(b"")
        (tmp_path / f"{name}.onnx.json").write_text(content)
    assert [voice.id for voice in folders(tmp_path, tmp_path / "missing").voices] == ["good"]


def test_voices_come_and_go_while_the_server_runs(tmp_path: Path) -> None:
    clock = Clock()
    found = folders(tmp_path, clock=clock)
    assert found.voices == ()
    path = describe(tmp_path, "new")
    assert found.find("new") is None, "folders are not looked into at each request"
    clock.now += LOOK_AGAIN_SECONDS
    assert found.find("new") is not None
    before = found.voices
    clock.now += LOOK_AGAIN_SECONDS
    assert found.voices is before, "nothing changed"
    path.unlink()
    clock.now += LOOK_AGAIN_SECONDS
    assert found.voices == ()


def test_the_first_folder_counts(tmp_path: Path) -> None:
    describe(tmp_path / "a", "same", dataset="one")
    describe(tmp_path / "b", "same", dataset="two")
    assert [voice.name for voice in folders(tmp_path / "a", tmp_path / "b").voices] == ["One (low)"]


def test_the_engine_is_described_by_its_voices(tmp_path: Path) -> None:
    describe(tmp_path, "de_DE-x-low", language={"code": "de_DE"})
    describe(tmp_path, "en_US-y-low")
    engine = Registry().create("piper", {"voices": [str(tmp_path)]})
    assert isinstance(engine, TTSEngine)
    info = engine.info
    assert info.languages[:1] == ("de-DE",) and info.default_voice == "en_US-y-low"
    assert info is engine.info and engine.weights_present()
    assert json.dumps([voice.id for voice in info.voices[:2]]) == '["de_DE-x-low", "en_US-y-low"]'
