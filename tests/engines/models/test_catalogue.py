"""The model catalogue reads its own file and those of other packages."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
import yaml

from engines.models.catalogue import GROUP, OWN, KnownModels, read
from engines.registry import Registry
from stts.errors import InvalidConfiguration
from stts.models import HubSource, PackageSource
from stts.models.sources import MAIN

FILE = {"path": "a.bin", "bytes": 3, "sha256": "ab" * 32}
THEIRS: dict[str, Any] = {
    "models": {
        "theirs": {"name": "T", "engine": "sine", "kind": "tts", "licence": "MIT", "files": [FILE]},
        "whisper-base": {"name": "Evil", "engine": "sine", "kind": "tts", "licence": "MIT", "files": [FILE]},
    }
}
NOTHING = 3
UNPINNED = "maureesewilliams/hibari"
"""No commit of it is known to us; its digests hold all the same."""


def point(attribute: str) -> EntryPoint:
    return EntryPoint("theirs", f"{__name__}:{attribute}", GROUP)


def test_the_models_of_the_server_are_known() -> None:
    models = KnownModels()
    assert {"hibari-heart", "whisper-tiny.en", "whisper-base", "smart-turn-v3.2"} <= set(models)
    assert models["whisper-base"].bytes == 147_882_941
    assert all(model.licence and model.sources for model in models.values())


def test_every_joined_file_is_one_of_the_model() -> None:
    for model in KnownModels().values():
        for source in model.sources:
            if isinstance(source, PackageSource):
                assert set(source.joined) <= {file.path for file in model.files}
                assert source.inside


def test_sources_of_the_hub_are_pinned() -> None:
    hubs = [source for model in KnownModels().values() for source in model.sources if isinstance(source, HubSource)]
    assert {source.hub for source in hubs if source.revision == MAIN} == {UNPINNED}


def test_the_file_itself_is_plain() -> None:
    assert list(yaml.safe_load(OWN.read_text(encoding="utf-8"))) == ["models"]


def test_another_package_brings_models_but_does_not_replace_ours() -> None:
    models = KnownModels([point("THEIRS")])
    assert models["theirs"].engine == "sine"
    assert models["whisper-base"].engine == "faster_whisper"


def test_an_engine_sees_its_own_models_alone() -> None:
    mine = Registry().create("faster_whisper").known_models
    assert dict(mine) == {id: each for id, each in KnownModels().items() if each.engine == "faster_whisper"}
    assert len(mine) == len(dict(mine)) > 0
    assert "hibari-heart" not in mine


def test_another_package_may_name_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(THEIRS))
    monkeypatch.setitem(globals(), "THEIR_FILE", str(tmp_path / "c.yaml"))
    assert "theirs" in KnownModels([point("THEIR_FILE")])


@pytest.mark.parametrize("attribute", ["NOTHING", "absent"])
def test_a_broken_catalogue_costs_the_others_nothing(attribute: str) -> None:
    assert "whisper-base" in KnownModels([point(attribute)])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[1", "no YAML"),
        ("[]", "mapping"),
        ("models: {a: 3}", r"models\.a\."),
        ("models: {'../a': {}}", r"models\.\.\./a"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(InvalidConfiguration, match=told):
        read(tmp_path / "c.yaml")


def test_an_engine_of_the_registry_knows_the_models() -> None:
    engine = Registry().create("faster_whisper", model_folders=["x"])
    assert engine.model_folders == ("x",)
    assert "whisper-base" in engine.known_models
