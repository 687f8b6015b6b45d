from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engines.models.hub import hub_endpoint
from engines.weights import HubWeights, fetch_file
from stts.errors import EngineWeightsMissing
from stts.models.hub_cache import hub_cache
from tests.engines import hub

WEIGHTS = HubWeights("someone/model", required=("model.bin",), optional=("voice.bin",))
CONTENT = os.urandom(3_000_000)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "~/.cache/huggingface/hub"),
        ({"XDG_CACHE_HOME": "/cache"}, "/cache/huggingface/hub"),
        ({"XDG_CACHE_HOME": "/cache", "HF_HOME": "~/hf"}, "~/hf/hub"),
        ({"HF_HOME": "/hf", "HUGGINGFACE_HUB_CACHE": "/old"}, "/old"),
        ({"HUGGINGFACE_HUB_CACHE": "/old", "HF_HUB_CACHE": "/new"}, "/new"),
    ],
    ids=str,
)
def test_cache_is_where_other_clients_keep_it(
    variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert hub_cache() == Path(expected).expanduser()


def test_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    assert hub_endpoint() == "https://huggingface.co"
    monkeypatch.setenv("HF_ENDPOINT", "http://mirror/")
    assert hub_endpoint() == "http://mirror"


def test_on_disk_only_when_every_file_is() -> None:
    assert WEIGHTS.on_disk() is None
    root = hub_cache() / "models--someone--model"
    snapshot = root / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "model.bin").write_bytes(b"")
    (snapshot / "voice.bin").write_bytes(b"")
    assert WEIGHTS.on_disk() is None, "no revision named yet"
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text("abc")
    assert WEIGHTS.on_disk() == snapshot
    (snapshot / "voice.bin").unlink()
    assert WEIGHTS.on_disk() is None
    assert WEIGHTS.missing_in(snapshot) == []
    (snapshot / "model.bin").unlink()
    assert WEIGHTS.missing_in(snapshot) == ["model.bin"]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[hub.Hub]:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "model.bin").write_bytes(CONTENT)
    with hub.running(hub.Hub({"files": folder})) as running:
        yield running


def test_fetches_a_file(served: hub.Hub, tmp_path: Path) -> None:
    target = tmp_path / "new" / "model.bin"
    parts: list[float | None] = []
    digest = hashlib.sha256(CONTENT).hexdigest()
    fetch_file(f"{served.url}/files/resolve/model.bin", target, sha256=digest, report=parts.append)
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ["model.bin"]
    assert parts == [(1 << 20) / len(CONTENT), (2 << 20) / len(CONTENT), 1.0]


@pytest.mark.parametrize("failure", ["breaks", "refuses", "differs"])
def test_a_file_appears_only_when_it_is_right(failure: str, served: hub.Hub, tmp_path: Path) -> None:
    target = tmp_path / "new" / "model.bin"
    digest = hashlib.sha256(CONTENT).hexdigest()
    if failure == "breaks":
        served.breaks.append("model.bin")
    elif failure == "refuses":
        served.refusal = (404, "")
    else:
        digest = "0" * 64
    with pytest.raises(EngineWeightsMissing if failure != "refuses" else OSError):
        fetch_file(f"{served.url}/files/resolve/model.bin", target, sha256=digest, report=lambda _: None)
    assert list(target.parent.iterdir()) == []
