"""Whisper's description, given before anything is imported."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from engines.stt.whisper import WhisperEngine, WhisperOptions, WhisperParameters
from stts.errors import EngineWeightsMissing
from tests.engines.contract import no_progress


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "whisper").mkdir()
    return tmp_path / "whisper"


@pytest.mark.parametrize(
    ("model", "languages", "translation"),
    [
        ("base", 101, True),
        ("base.en", 1, False),
        ("large-v2", 101, True),
        ("large", 102, True),
        ("turbo", 102, False),
        ("/models/large-v3-turbo.pt", 102, False),
        ("/models/medium.en.pt", 1, False),
    ],
)
def test_abilities_follow_the_model(model: str, languages: int, translation: bool) -> None:
    info = WhisperEngine(WhisperOptions(model=model)).info
    assert len(set(info.languages)) == len(info.languages) == languages
    assert info.abilities.translation is translation
    assert info.abilities.language_detection is (languages > 1)


@pytest.mark.parametrize(
    ("model", "file"), [("base", "base.pt"), ("turbo", "large-v3-turbo.pt"), ("large", "large-v3.pt")]
)
def test_weights_are_where_whisper_keeps_them(model: str, file: str, cache: Path) -> None:
    engine = WhisperEngine(WhisperOptions(model=model))
    assert not engine.weights_present()
    (cache / file).write_bytes(b"")
    assert engine.weights_present()
    assert not WhisperEngine(WhisperOptions(model=model, download_root=str(cache / "other"))).weights_present()


def test_a_checkpoint_of_the_operators_own(cache: Path) -> None:
    engine = WhisperEngine(WhisperOptions(model=str(cache / "mine.pt")))
    assert not engine.weights_present()
    with pytest.raises(EngineWeightsMissing, match=r"engines\.options\.whisper\.model is neither"):
        engine.fetch(no_progress)
    (cache / "mine.pt").write_bytes(b"")
    assert engine.weights_present()
    engine.fetch(no_progress)


def test_nothing_is_fetched_offline(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = WhisperEngine(WhisperOptions(model="base"))
    engine.offline = True
    monkeypatch.setattr(engine, "installed", lambda: True)
    with pytest.raises(EngineWeightsMissing, match=r"models\.offline"):
        engine.load(no_progress)


@pytest.mark.parametrize("device", ["mps", "gpu", "cuda:"])
def test_devices_it_cannot_use(device: str) -> None:
    with pytest.raises(ValidationError):
        WhisperOptions(device=device)


def test_parameters_of_forms_are_texts() -> None:
    parsed = WhisperParameters.model_validate({"temperature": "0.2", "beam_size": "5", "logprob_threshold": "-2"})
    assert (parsed.temperature, parsed.beam_size, parsed.logprob_threshold) == (0.2, 5, -2.0)
    for wrong in ({"temperature": 2}, {"temperature": "nan"}, {"beam_size": 0}, {"best": 1}):
        with pytest.raises(ValidationError):
            WhisperParameters.model_validate(wrong)
