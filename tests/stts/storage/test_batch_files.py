"""Results of batches: complete or not there, a folder for each batch, and room for them that has a bound."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from pathlib import Path

import pytest

from stts.errors import StorageFull
from stts.storage.batch_files import BatchFiles

DIGEST = "ab" * 32


def files(tmp_path: Path, most: int = 1_000_000) -> BatchFiles:
    files = BatchFiles(tmp_path, lambda: most)
    files.open()
    return files


def made(files: BatchFiles, batch_id: str, data: bytes, digest: str = DIGEST) -> Path:
    file = files.begin(batch_id, digest)
    file.write(data)
    file.commit(".wav")
    return files.path(batch_id, digest, ".wav")


def test_a_root_has_one_id_and_none_before_it_is_opened(tmp_path: Path) -> None:
    unopened = BatchFiles(tmp_path, lambda: 0)
    assert not unopened.exists and list(tmp_path.iterdir()) == []
    assert unopened.open() == files(tmp_path).open() != ""
    assert unopened.exists


def test_a_root_has_one_secret_that_others_cannot_read(tmp_path: Path) -> None:
    secret = files(tmp_path).secret()
    assert len(secret) == 32 and files(tmp_path).secret() == secret
    assert (tmp_path / "jobs" / "address.key").stat().st_mode & 0o077 == 0


def test_a_result_appears_when_it_is_complete(tmp_path: Path) -> None:
    store = files(tmp_path)
    file = store.begin("job-1", DIGEST)
    file.write(b"00000000")
    file.write(b"data")
    path = store.path("job-1", DIGEST, ".wav")
    assert not path.exists()
    assert file.commit(".wav", header=b"RIFF") == 12
    file.abort()
    assert path.read_bytes() == b"RIFF0000data"
    assert store.batches() == ["job-1"]


def test_what_was_given_up_leaves_nothing(tmp_path: Path) -> None:
    store = files(tmp_path)
    file = store.begin("job-1", DIGEST)
    file.write(b"half")
    file.clear()
    file.write(b"h")
    file.abort()
    assert store.batches() == []
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "id"] == []


def test_a_result_of_another_batch_outlives_it(tmp_path: Path) -> None:
    store = files(tmp_path)
    first = made(store, "job-1", b"audio")
    assert store.adopt(first, "job-2", DIGEST, ".wav")
    assert store.adopt(first, "job-2", DIGEST, ".wav")
    store.remove("job-1")
    assert store.path("job-2", DIGEST, ".wav").read_bytes() == b"audio"
    assert not store.adopt(first, "job-3", DIGEST, ".wav")


def test_results_have_so_much_room_together(tmp_path: Path) -> None:
    store = files(tmp_path, most=10)
    made(store, "job-1", b"12345")
    made(store, "job-2", b"123456")
    with pytest.raises(StorageFull, match=r"jobs\.bytes"):
        store.begin("job-3", DIGEST)
    store.remove("job-1")
    made(store, "job-3", b"1")


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = files(tmp_path)
    file = store.begin("job-1", DIGEST)
    file.write(b"audio")
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(StorageFull, match="full"):
        file.commit(".wav")
    monkeypatch.undo()
    file.abort()
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "id"] == []


def test_results_and_their_folders_are_synced_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = files(tmp_path)
    other = "cd" * 32
    paths = [made(store, "job-1", b"audio", digest) for digest in (DIGEST, other)]
    synced: set[int] = set()
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.add(os.fstat(descriptor).st_ino))
    store.sync("job-1", [(DIGEST, ".wav"), (other, ".wav")])
    assert synced == {each.stat().st_ino for path in paths for each in (path, path.parent, path.parent.parent)}
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFull):
        store.sync("job-1", [(DIGEST, ".wav")])
    store.remove("job-1")
    store.sync("job-1", [(DIGEST, ".wav")])


def test_a_few_folders_are_synced_for_many_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = files(tmp_path)
    digests = [hashlib.sha256(bytes([number])).hexdigest() for number in range(200)]
    for digest in digests:
        made(store, "job-1", b"audio", digest)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
    store.sync("job-1", [(digest, ".wav") for digest in digests])
    assert len(set(synced)) == len(synced) <= len(digests) + 17


def test_results_of_servers_before_are_found_adopted_synced_and_not_doubled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = files(tmp_path)
    path = tmp_path / "jobs" / "job-1" / DIGEST[:2] / f"{DIGEST}.wav"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"audio of a server before")
    assert store.path("job-1", DIGEST, ".wav") == path
    assert store.adopt(store.path("job-1", DIGEST, ".wav"), "job-2", DIGEST, ".wav")
    assert store.path("job-2", DIGEST, ".wav").read_bytes() == b"audio of a server before"
    synced: set[int] = set()
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.add(os.fstat(descriptor).st_ino))
    store.sync("job-1", [(DIGEST, ".wav")])
    assert {path.stat().st_ino, path.parent.stat().st_ino} < synced
    # A server that was killed had not recorded it: it is made again, in its place.
    assert made(store, "job-1", b"audio") == path
    assert [each.read_bytes() for each in (tmp_path / "jobs" / "job-1").rglob("*.wav")] == [b"audio"]
    store.remove("job-1")
    assert store.batches() == ["job-2"]


def test_what_is_adopted_takes_the_place_of_what_a_killed_server_left(tmp_path: Path) -> None:
    store = files(tmp_path, most=20)
    store.require_room()
    made(store, "job-2", b"half")
    first = made(store, "job-1", b"audio")
    assert store.adopt(first, "job-2", DIGEST, ".wav")
    assert store.path("job-2", DIGEST, ".wav").read_bytes() == b"audio"
    # What took its place counts once.
    made(store, "job-3", b"1234567890")
    store.require_room()
    made(store, "job-4", b"12345")
    with pytest.raises(StorageFull):
        store.require_room()
    assert list(tmp_path.rglob(".temporary/*")) == []


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_room_is_looked_for_while_folders_of_other_batches_go(tmp_path: Path) -> None:
    store = files(tmp_path)
    path = made(store, "job-1", b"12345")
    ends = threading.Event()

    def come_and_go() -> None:
        while not ends.is_set():
            for number in range(40):
                store.adopt(path, "job-2", f"{number:02}" * 32, ".wav")
            store.remove("job-2")

    others = threading.Thread(target=come_and_go)
    others.start()
    try:
        for _ in range(300):
            BatchFiles(tmp_path, lambda: 6).require_room()
    finally:
        ends.set()
        others.join()


def test_a_result_counts_once_however_often_it_is_put_there(tmp_path: Path) -> None:
    store = files(tmp_path, most=12)
    store.require_room()
    path = made(store, "job-1", b"1234567")
    made(store, "job-1", b"1234567")
    assert store.adopt(path, "job-2", DIGEST, ".wav")
    for looked in (store, BatchFiles(tmp_path, lambda: 12)):
        looked.require_room()
    made(store, "job-3", b"123456")
    store.remove("job-2")
    with pytest.raises(StorageFull):
        store.require_room()
    store.remove("job-1")
    store.require_room()
    made(store, "job-4", b"123456")
    with pytest.raises(StorageFull):
        store.require_room()


def test_what_is_made_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = files(tmp_path)
    synced: set[int] = set()
    fsync, replace = os.fsync, Path.replace

    def noted(descriptor: int) -> None:
        synced.add(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    def checked(path: Path, target: Path) -> Path:
        assert path.stat().st_ino in synced
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(Path, "replace", checked)
    store.keep("job-1", "cover", b"picture")
    assert store.kept("job-1", "cover") == b"picture"
