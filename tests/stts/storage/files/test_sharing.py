"""Voices are made everybody's by another name of the file: at any moment, whatever else happens to it."""

from __future__ import annotations

import io
import math
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from stts.access.viewer import EVERYBODY, Viewer
from stts.errors import Conflict, NotFound
from stts.settings import Settings
from stts.storage.files.folder import Folder
from stts.storage.files.quota import Entry
from stts.storage.files.store import FileStore
from tests.audio import encoded, tone
from tests.patient import PATIENCE

ANNA = "a" * 16
RECORDING = encoded(tone(0.1))


class TellingLock:
    """A lock that tells when somebody has to wait for it."""

    def __init__(self, awaited: threading.Event) -> None:
        self._lock = threading.Lock()
        self._awaited = awaited

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            self._awaited.set()
            self._lock.acquire()

    def __exit__(self, *error: object) -> None:
        self._lock.release()


def removed_by_id(files: FileStore, id: str) -> int:
    return int(files.delete(id, Viewer(ANNA)).id == id)


def removed_with_all(files: FileStore, id: str) -> int:
    return files.remove_all({ANNA: math.inf})["references"]


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path, Settings)


def by_hand(tmp_path: Path, name: str) -> Path:
    path = tmp_path / "references" / name
    path.write_bytes(RECORDING)
    return path


@pytest.mark.parametrize("removed", [removed_by_id, removed_with_all])
@pytest.mark.parametrize("is_shared", [False, True])
def test_a_voice_that_is_shared_while_it_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, removed: Callable[[FileStore, str], int], is_shared: bool
) -> None:
    """The other thread gets its turn after the file was found, and before it is removed."""
    turn = threading.Event()
    monkeypatch.setattr("stts.storage.files.store.threading", SimpleNamespace(Lock=lambda: TellingLock(turn)))
    files = FileStore(tmp_path, Settings)
    stored = files.save("references", "anna", io.BytesIO(RECORDING), owner=ANNA)
    files.cards.share(stored.id, shared=is_shared)

    def share_then_tell() -> None:
        with suppress(NotFound):
            files.cards.share(stored.id, shared=not is_shared)
        turn.set()

    sharing, remove = threading.Thread(target=share_then_tell), Folder.remove

    def remove_after(folder: Folder, entry: Entry) -> bool:
        sharing.start()
        assert turn.wait(PATIENCE)
        return remove(folder, entry)

    monkeypatch.setattr(Folder, "remove", remove_after)
    assert removed(files, stored.id) == 1
    sharing.join(PATIENCE)
    assert files.page(limit=10).total == 0
    assert not list((tmp_path / "references").iterdir())
    assert files.usage()[0].bytes == 0


def test_a_file_that_was_moved_meanwhile_is_not_told_to_be_deleted(
    files: FileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By hand, or by another server over the same folder."""
    stored = files.save("references", "anna", io.BytesIO(RECORDING), owner=ANNA)
    remove = Folder.remove

    def move_before(folder: Folder, entry: Entry) -> bool:
        entry.path.rename(tmp_path / "references" / "anna.wav")
        return remove(folder, entry)

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "remove", move_before)
        with pytest.raises(NotFound):
            files.delete(stored.id)
    (tmp_path / "references" / "anna.wav").rename(stored.path)
    with monkeypatch.context() as patch:
        patch.setattr(Folder, "remove", move_before)
        assert files.remove_all({ANNA: math.inf})["references"] == 0
    assert files.page(limit=10).total == 1


def test_a_voice_that_was_put_in_by_hand_keeps_its_id(files: FileStore, tmp_path: Path) -> None:
    by_hand(tmp_path, f"anna@{ANNA}.wav")
    (stored,) = files.page(limit=10).files
    for shared in (True, False, True):
        told = files.cards.share(stored.id, shared=shared)
        assert told.id == stored.id and told.shared == shared
        assert files.page(limit=10).files == [told] and files.get(stored.id) == told
    voice = files.references.voice(stored.id, EVERYBODY)
    assert voice is not None and voice.name == "anna"
    # After a restart, too.
    assert FileStore(tmp_path, Settings).get(stored.id).shared


def test_a_voice_that_was_replaced_by_hand_keeps_its_id(files: FileStore) -> None:
    stored = files.save("references", "anna", io.BytesIO(RECORDING), owner=ANNA, consent="Anna")
    stored.path.write_bytes(encoded(tone(0.3)))
    told = files.cards.share(stored.id, shared=True)
    assert (told.id, told.consent) == (stored.id, "Anna")
    assert files.page(limit=10).files == [told] and told.duration == pytest.approx(0.3)


def test_sharing_replaces_no_file(files: FileStore, tmp_path: Path) -> None:
    stored = files.save("references", "anna", io.BytesIO(RECORDING), owner=ANNA)
    shared = files.cards.share(stored.id, shared=True)
    other = by_hand(tmp_path, f"anna@{ANNA}.wav")
    other.write_bytes(encoded(tone(0.3)))
    with pytest.raises(Conflict):
        files.cards.share(stored.id, shared=False)
    assert other.read_bytes() == encoded(tone(0.3)) and files.get(stored.id) == shared
