"""An update of what an engine speaks with makes other cache keys, and nothing else does."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from adapters.execution.instance import EngineInstance
from adapters.speech import revision
from adapters.speech.revision import REMEMBERED_SECONDS, Revision, versions
from engines.registry import Registry
from engines.tts import piper_voices
from stts.engine_api import TTSEngine
from stts.settings import Settings
from stts.speech import SynthesisConfig
from tests.engines.piper_voice import describe
from tests.wired import Engines


def settings(folder: Path) -> Settings:
    return Settings.model_validate({"engines": {"options": {"piper": {"voices": [str(folder)]}}}})


def instance(folder: Path) -> EngineInstance[TTSEngine]:
    current = settings(folder)
    return EngineInstance("piper", Registry(), lambda: current)


def test_the_version_of_a_package_is_that_of_its_distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / "speaks_well"
    package.mkdir()
    (package / "__init__.py").write_text("")
    importlib.invalidate_caches()
    bare = versions("speaks_well")
    assert len(bare) == 1 and bare == versions("speaks_well")
    (package / "__init__.py").write_text("VERSION = 2")
    assert versions("speaks_well") != bare
    for version in ("1.0", "1.1"):
        (tmp_path / f"speaks_well_tts-{version}.dist-info").mkdir()
    assert versions("speaks_well") == ["speaks_well_tts-1.0.dist-info", "speaks_well_tts-1.1.dist-info"]
    assert versions("is_not_installed_here") == []
    assert [each.partition("-")[0] for each in versions("hibari")] == ["hibari_tts"]


def test_files_that_options_name_are_in_it_and_it_is_remembered_for_a_moment(tmp_path: Path) -> None:
    path = describe(tmp_path, "good")
    now = 0.0
    made = Revision(instance(tmp_path), lambda: now)
    first = made()
    assert len(first) == 16 and Revision(instance(tmp_path))() == first
    path.with_suffix(".onnx").write_bytes(b"another network")
    assert made() == first
    now = REMEMBERED_SECONDS
    assert made() != first
    (tmp_path / "none").mkdir()
    assert Revision(instance(tmp_path / "none"))() not in (first, made())


def test_digests_of_the_catalogue_are_in_it(tmp_path: Path) -> None:
    before = Revision(instance(tmp_path))()
    newer = instance(tmp_path)
    model = next(iter(newer.engine.known_models.values()))
    file = model.files[0].model_copy(update={"sha256": "0" * 64})
    newer.engine.known_models = {model.id: model.model_copy(update={"files": (file, *model.files[1:])})}
    assert Revision(newer)() != before


async def test_a_voice_that_was_replaced_is_planned_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piper_voices, "LOOK_AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(revision, "REMEMBERED_SECONDS", 0.0)
    path, current = describe(tmp_path, "good", num_speakers=2, speaker_id_map={"p1": 0, "p2": 1}), settings(tmp_path)
    engines = Engines(Registry(), lambda: current)
    adapter = engines.catalogue.speech["piper"]
    plans = [await adapter.plan(SynthesisConfig(voice=name)) for name in ("good", "good#p2")]
    assert all(adapter.holds(plan) for plan in plans) and len({plan.key("hello") for plan in plans}) == 2
    path.with_suffix(".onnx").write_bytes(b"another network")
    for plan in plans:
        again = await adapter.plan(plan.asked)
        assert not adapter.holds(plan) and adapter.holds(again)
        assert again.key("hello") != plan.key("hello") and again.sentence_key("hello") != plan.sentence_key("hello")
    await engines.close()
