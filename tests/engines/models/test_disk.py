"""The disk of models fails as a disk, has one quota for all pulls together, and one writer for each model."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engines.models.fetching import fetch
from engines.models.store import ModelStore
from stts.cancellation import Cancellation
from stts.errors import Conflict, ModelFetchFailed, StorageFailed, StorageFull
from stts.models import CatalogueModel
from stts.models.digest import undamaged
from tests.engines.models.index_server import WEIGHTS, WORDS, Index, model, sha
from tests.engines.models.making import fetching, run
from tests.patient import PATIENCE

pytestmark = pytest.mark.socket


def twins(url: str) -> CatalogueModel:
    """A model of three files, two of which are the same."""
    same = {"bytes": len(WEIGHTS), "sha256": sha(WEIGHTS)}
    words = {"path": "words.txt", "bytes": len(WORDS), "sha256": sha(WORDS)}
    return model(files=[{"path": "a.bin", **same}, words, {"path": "below/b.bin", **same}], sources=[{"url": url}])


def test_files_of_the_same_content_are_one_download(index: Index, tmp_path: Path) -> None:
    index.files = {"a.bin": WEIGHTS, "below/b.bin": WEIGHTS, "words.txt": WORDS}
    wanted = twins(index.url)
    run(wanted, fetching(index, tmp_path))
    assert undamaged(wanted, [str(tmp_path)]) == tmp_path / "small"
    assert index.asked == ["/a.bin", "/words.txt"]
    assert not os.path.samefile(tmp_path / "small" / "a.bin", tmp_path / "small" / "below" / "b.bin")


def failing(call: Callable[..., Any], number: int, fails: Callable[[Path], bool]) -> Callable[..., Any]:
    """A method of Path that fails for some paths with this error."""

    def method(path: Path, *values: Any, **named: Any) -> Any:
        if fails(path):
            raise OSError(number, os.strerror(number), str(path))
        return call(path, *values, **named)

    return method


@pytest.mark.parametrize(
    ("place", "method", "name"),
    [
        *(("address", *each) for each in (("rename", ".download"), ("mkdir", "text"), ("stat", ".download"))),
        *(("package", *each) for each in (("open", ".download"), ("mkdir", "text"), ("stat", ".download"))),
    ],
)
@pytest.mark.parametrize(("number", "error"), [(errno.ENOSPC, StorageFull), (errno.EACCES, StorageFailed)])
def test_a_disk_that_fails_is_not_told_as_a_network(
    method: str,
    name: str,
    number: int,
    error: type[StorageFull],
    place: str,
    index: Index,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    index.files = {"model.bin": WEIGHTS, "text/words.txt": WORDS}
    wanted = model(sources=[{"url": index.url}]) if place == "address" else model()
    how = fetching(index, tmp_path)
    began = threading.Event()

    def fails(path: Path) -> bool:
        return began.is_set() and path.name.endswith(name)

    monkeypatch.setattr(Path, method, failing(getattr(Path, method), number, fails))
    with pytest.raises(error, match="is full" if number == errno.ENOSPC else "model folder cannot be used") as told:
        fetch(wanted, how, lambda *_: began.set())
    assert type(told.value) is error
    monkeypatch.undo()


def test_an_installed_part_that_cannot_be_read_leads_to_the_next_source(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "site" / "small_parts"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    for part, content in {"a.bin": WEIGHTS[:9], "b.bin": WEIGHTS[9:], "words.txt": WORDS}.items():
        (folder / part).write_bytes(content)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    joined = {"model.bin": ["small_parts/a.bin", "small_parts/b.bin"], "text/words.txt": ["small_parts/words.txt"]}
    mine: dict[str, object] = {"packages": {"small-parts": "1.0"}, "joined": joined}
    monkeypatch.setattr(Path, "open", failing(Path.open, errno.EACCES, lambda path: path.name == "b.bin"))
    with pytest.raises(
        ModelFetchFailed, match=r"small-parts 1.0: what is here of it cannot be read \(PermissionError\)"
    ):
        run(model(sources=[mine]), fetching(index, tmp_path / "models"))
    theirs: dict[str, object] = {"packages": {"Small.Model": "1.0"}, "inside": "small_model/data"}
    assert run(model(sources=[mine, theirs]), fetching(index, tmp_path / "models")) == "Small.Model"


def test_two_pulls_at_once_do_not_pass_the_quota_together(index: Index, tmp_path: Path) -> None:
    how, other = fetching(index, tmp_path, quota=800_000), model("other")
    first = True

    def step(doing: str, done: int, total: int | None) -> None:
        nonlocal first
        if first and doing == "unpacking":
            first = False
            run(other, how)

    with pytest.raises(StorageFull, match=r"models\.quota_bytes"):
        fetch(model(), how, step)
    assert how.store.used() == other.bytes
    assert not (tmp_path / ".partial" / "small").exists(), "others need the disk more"


def test_a_model_is_not_removed_while_it_is_made(index: Index, tmp_path: Path) -> None:
    how = fetching(index, tmp_path)
    (tmp_path / "small").mkdir()
    inside, gate = threading.Event(), threading.Event()

    def make() -> None:
        with ModelStore(tmp_path, tmp_path / "home").staging(model(), Cancellation()):
            inside.set()
            gate.wait(PATIENCE)

    thread = threading.Thread(target=make)
    thread.start()
    assert inside.wait(PATIENCE)
    with pytest.raises(Conflict, match="small is being fetched"):
        how.store.remove(model())
    assert (tmp_path / "small").exists()
    gate.set()
    thread.join(PATIENCE)
    assert how.store.remove(model())
    assert not (tmp_path / "small").exists()


def test_what_goes_while_the_disk_is_measured_counts_nothing(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    how = fetching(index, tmp_path)
    run(model(), how)
    gone = failing(Path.is_file, errno.ENOENT, lambda path: path.name == "words.txt")
    monkeypatch.setattr(Path, "is_file", gone)
    assert how.store.used() == len(WEIGHTS)


def test_a_model_folder_that_is_the_home_folder_counts_once(tmp_path: Path) -> None:
    home, link = tmp_path / "home", tmp_path / "link"
    (home / "small").mkdir(parents=True)
    (home / "small" / "model.bin").write_bytes(WORDS)
    link.symlink_to(home)
    for folder in (home, link):
        assert ModelStore(folder, home).used() == len(WORDS)
