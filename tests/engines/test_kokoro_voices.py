"""Kokoro's voices are read from the names in their file."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from pydantic import ValidationError

from engines.registry import Registry
from engines.tts.kokoro import KokoroOptions
from engines.tts.kokoro_voices import VoiceNames
from stts.engine_api import TTSEngine, Voice
from stts.errors import EngineWeightsMissing
from tests.engines.contract import no_progress


def voices(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(f"{name}.npy", b"")
    return path


def test_a_name_says_language_and_gender(tmp_path: Path) -> None:
    names = VoiceNames(voices(tmp_path / "v.bin", "bm_george", "af_sky", "af_bella", "zf_xiaoni", "custom"))
    found = {voice.id: voice for voice in names.voices}
    assert found["bm_george"].languages[0] == "en-GB" and found["bm_george"].gender == "male"
    assert found["zf_xiaoni"].spells == ("Han",)
    assert (found["custom"].languages[0], found["custom"].gender) == ("en-US", "")
    assert names.default == "af_bella"


def test_a_language_without_a_voice_of_its_own_is_spoken_by_all_with_an_accent(tmp_path: Path) -> None:
    (kumo,) = VoiceNames(voices(tmp_path / "v.npz", "jm_kumo")).voices
    assert kumo.languages[0] == "ja" and {"en-US", "fr-FR"} <= set(kumo.languages)
    names = VoiceNames(voices(tmp_path / "w.npz", "jm_kumo", "af_sky"))
    assert all("en-US" not in voice.languages for voice in names.voices if voice.id == "jm_kumo")


def test_a_blend_speaks_as_its_heaviest_voice(tmp_path: Path) -> None:
    names = VoiceNames(voices(tmp_path / "v.bin", "bm_george", "af_sky"))
    blend = names.find("af_sky+bm_george(3)")
    assert blend == Voice("af_sky(0.25)+bm_george(0.75)", "Sky and George", names.voices[0].languages, "male")
    assert names.find(blend.id) == blend, "an engine is asked for what it has named"
    assert names.find("af_sky+nobody") is None


def test_model_and_voices_by_path_belong_together(tmp_path: Path) -> None:
    for wrong in ({"model": "a.onnx"}, {"voices": "v.bin"}):
        with pytest.raises(ValidationError):
            KokoroOptions.model_validate(wrong)
    model = tmp_path / "m.onnx"
    engine = Registry().create("kokoro", {"model": str(model), "voices": str(voices(tmp_path / "v.bin", "af_sky"))})
    assert isinstance(engine, TTSEngine)
    assert not engine.weights_present() and engine.voices() == ()
    model.write_bytes(b"")
    assert engine.weights_present() and engine.info.default_voice == "af_sky"
    (tmp_path / "v.bin").write_bytes(b"no archive")
    assert engine.voices() == () and engine.info.default_voice is None


@pytest.mark.engines("onnx", "kokoro_onnx")
def test_missing_files_are_told_by_the_settings_that_name_them(tmp_path: Path) -> None:
    options = {"model": str(tmp_path / "m.onnx"), "voices": str(tmp_path / "v.bin")}
    with pytest.raises(EngineWeightsMissing, match=r"engines\.options\.kokoro\.model"):
        Registry().create("kokoro", options).load(no_progress)
