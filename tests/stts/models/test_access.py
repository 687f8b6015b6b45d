"""An engine finds the files of a model where they lie, and takes none that is damaged."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from stts.errors import EngineWeightsMissing
from stts.models import CatalogueModel
from stts.models.access import ModelAccess

FILES = {"model.bin": b"weights" * 100, "more/words.txt": b"one two"}


def model(**changes: object) -> CatalogueModel:
    files = [
        {"path": path, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for path, content in FILES.items()
    ]
    known = {"id": "small", "name": "Small", "engine": "e", "kind": "tts", "licence": "MIT", "files": files}
    return CatalogueModel.model_validate({**known, **changes})


def write(folder: Path) -> Path:
    for path, content in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def access(*folders: Path, **changes: object) -> ModelAccess:
    made = ModelAccess()
    made.model_folders = tuple(map(str, folders))
    made.known_models = {"small": model(**changes)}
    return made


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed packages."""
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    yield tmp_path / "site"
    assert "small_model" not in sys.modules


def test_a_folder_holds_the_model_under_its_id(tmp_path: Path) -> None:
    write(tmp_path / "b" / "small")
    assert access(tmp_path / "a", tmp_path / "b").find_model("small") == tmp_path / "b" / "small"
    assert access(tmp_path / "a", tmp_path / "b").require_model("small") == tmp_path / "b" / "small"


def test_an_installed_package_comes_first_and_is_not_imported(site: Path, tmp_path: Path) -> None:
    inside = write(site / "small_model" / "data")
    (site / "small_model" / "__init__.py").write_text("raise RuntimeError")
    write(tmp_path / "small")
    sources = [{"packages": {"small-model": "1.0"}, "inside": "small_model/data"}]
    assert access(tmp_path, sources=sources).require_model("small") == inside


def test_a_folder_of_the_catalogue_is_used_in_place(tmp_path: Path) -> None:
    write(tmp_path / "mirror" / "here")
    sources = [{"folder": str(tmp_path / "mirror"), "inside": "here"}]
    assert access(sources=sources).find_model("small") == tmp_path / "mirror" / "here"


def test_the_cache_of_the_hub_is_used_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    sources = [{"hub": "some/model", "inside": "here"}]
    assert access(sources=sources).find_model("small") is None
    root = tmp_path / "models--some--model"
    inside = write(root / "snapshots" / "abc" / "here")
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text("abc")
    assert access(sources=sources).require_model("small") == inside


def test_the_cache_of_the_hub_is_searched_for_the_commit_and_for_what_was_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    sources = [{"hub": "some/model", "revision": "c0ffee"}]
    root = tmp_path / "models--some--model"
    newest = write(root / "snapshots" / "abc")
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text("abc")
    assert access(sources=sources).require_model("small") == newest
    pinned = write(root / "snapshots" / "c0ffee")
    assert access(sources=sources).require_model("small") == pinned


@pytest.mark.parametrize("broken", ["cut", "gone"])
def test_a_model_with_a_file_cut_short_is_not_there(tmp_path: Path, broken: str) -> None:
    path = write(tmp_path / "small") / "model.bin"
    path.unlink() if broken == "gone" else path.write_bytes(FILES["model.bin"][:-1])
    assert access(tmp_path).find_model("small") is None
    with pytest.raises(EngineWeightsMissing, match=r"`stts models pull small`"):
        access(tmp_path).require_model("small")


def test_one_flipped_bit_is_found_and_the_file_named(tmp_path: Path) -> None:
    path = write(tmp_path / "small") / "model.bin"
    good = access(tmp_path)
    good.require_model("small")
    content = bytearray(path.read_bytes())
    content[50] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(1, 1))
    with pytest.raises(EngineWeightsMissing, match=r"model\.bin of the model small is damaged"):
        good.require_model("small")


def test_digests_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "small")
    access(tmp_path).require_model("small")
    monkeypatch.setattr(hashlib, "file_digest", None)
    access(tmp_path).require_model("small")


def test_an_unknown_model_is_told(tmp_path: Path) -> None:
    assert ModelAccess().find_model("large") is None
    with pytest.raises(EngineWeightsMissing, match="no model large"):
        access(tmp_path).require_model("large")


@pytest.mark.parametrize("path", ["../up", "/etc/passwd", "a//b", "a/./b", "a\\b", "c:/x", "", "a\nb"])
def test_a_path_never_leads_out_of_its_folder(path: str) -> None:
    with pytest.raises(ValidationError):
        model(files=[{"path": path, "bytes": 1, "sha256": "0" * 64}])


def test_a_catalogue_names_a_file_once() -> None:
    file = {"path": "a", "bytes": 1, "sha256": "0" * 64}
    with pytest.raises(ValidationError, match="one file twice"):
        model(files=[file, file])


def test_an_option_names_a_folder_or_a_model(tmp_path: Path) -> None:
    write(tmp_path / "models" / "small")
    own = write(tmp_path / "own")
    models = access(tmp_path / "models")
    assert models.find_weights("small") == models.require_weights("small") == tmp_path / "models" / "small"
    assert models.find_weights(str(own)) == models.require_weights(str(own), "model.bin") == own
    assert models.find_weights(None) is None
    assert models.find_weights(str(own), "other.bin") is None
    with pytest.raises(EngineWeightsMissing):
        models.require_weights(str(own), "other.bin")
