from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import shutil
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from stts.access.viewer import Viewer
from stts.errors import (
    AudioTooLong,
    Conflict,
    InvalidConfiguration,
    InvalidParameter,
    InvalidRequest,
    NotCompleteYet,
    NotFound,
    PayloadTooLarge,
    StorageFailed,
    StorageFull,
    STTSError,
    UndecodableAudio,
)
from stts.settings import LimitSettings, Settings, StorageSettings
from stts.storage.files.kinds import KINDS, Kind, new_id
from stts.storage.files.pending import MOST_LOST
from stts.storage.files.references import is_by_id
from stts.storage.files.store import FileStore

HOUR = 3600.0


def wav(seconds: float = 0.5) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(2 * round(seconds * 8000)))
    return file.getvalue()


def store(root: Path, clock: Callable[[], float] = time.time, **storage: Any) -> FileStore:
    fixed = Settings(storage=StorageSettings(**storage))
    return FileStore(root / "data", lambda: fixed, clock)


def visible(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "data").rglob("*") if path.is_file())


def save(files: FileStore, kind: Kind, name: str | None = None, data: bytes | None = None) -> str:
    return files.save(kind, name, io.BytesIO(data or wav())).id


def test_what_is_saved_is_found_again_after_a_restart(tmp_path: Path) -> None:
    saved = store(tmp_path).save("uploads", "call.wav", io.BytesIO(wav(1.5)))
    found = store(tmp_path).get(saved.id)
    assert found == saved
    assert (found.kind, found.name, found.media_type) == ("uploads", "call.wav", "audio/wav")
    assert (found.size, found.duration, found.sample_rate, found.channels) == (24044, 1.5, 8000, 1)
    assert found.path.read_bytes() == wav(1.5)


def test_content_decides_what_a_file_is(tmp_path: Path) -> None:
    saved = store(tmp_path).save("references", "anna.mp3", io.BytesIO(wav()))
    assert (saved.media_type, saved.name, saved.path.name) == ("audio/wav", "anna.wav", "anna.wav")


@pytest.mark.parametrize("kind", ["uploads", "references"])
@pytest.mark.parametrize("data", [b"", b"x" * 5000, b"RIFF\x24\x00\x00\x00WAVEfmt ", b"#EXTM3U\nfile:///etc/passwd\n"])
def test_what_is_no_audio_is_not_stored(tmp_path: Path, kind: Kind, data: bytes) -> None:
    files = store(tmp_path)
    with pytest.raises(UndecodableAudio):
        files.save(kind, "a.wav", io.BytesIO(data))
    assert visible(tmp_path) == []
    assert [usage.bytes for usage in files.usage()] == [0, 0, 0, 0]


def test_a_file_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    files = store(tmp_path)
    with files.create("outputs", "speech.wav") as writer:
        writer.write(wav())
        with pytest.raises(NotCompleteYet):
            files.get(writer.id)
        assert files.page(limit=10).total == 0
        stored = writer.commit()
    assert stored.id == writer.id == files.get(writer.id).id
    assert stored.name == "speech.wav"


def test_what_is_not_committed_is_gone(tmp_path: Path) -> None:
    files = store(tmp_path)
    with pytest.raises(ZeroDivisionError), files.create("outputs", "speech.wav") as writer:
        writer.write(wav())
        raise ZeroDivisionError
    assert visible(tmp_path) == []
    assert files.page(limit=10).total == 0


def test_a_header_can_be_written_at_the_end(tmp_path: Path) -> None:
    files = store(tmp_path)
    data = wav(1.0)
    with files.create("outputs", "speech.wav") as writer:
        writer.write(bytes(44))
        writer.write(data[44:])
        writer.replace_start(data[:44])
        assert writer.commit().duration == 1.0
    assert files.get(writer.id).path.read_bytes() == data


def test_raw_samples_are_taken_at_their_name(tmp_path: Path) -> None:
    files = store(tmp_path)
    stored = files.save("outputs", "speech.pcm", io.BytesIO(b"\x00\x01" * 100))
    assert (stored.media_type, stored.duration) == ("audio/pcm", None)
    assert files.get(stored.id) == stored


NAMES = ["../a.wav", "/etc/passwd", "a/b.wav", "a\\b.wav", "..", ".", "", ".hidden.wav", "a\0.wav", "..\\a.wav"]
NAMES += ["a" * 300, "\u00e9" * 150, "\ud800.wav", " .wav", " \n\t", "\u200d", "\u202e/a", "a" * 5000]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["uploads", "references"])
def test_names_that_are_refused(tmp_path: Path, kind: Kind, name: str) -> None:
    files = store(tmp_path)
    with pytest.raises(InvalidRequest) as caught:
        files.save(kind, name, io.BytesIO(wav()))
    assert len(name) < 5 or name not in str(caught.value)
    assert visible(tmp_path) == []


@pytest.mark.parametrize(
    "name", [*NAMES, "ref_", "ref_../../../../../etc/passwd", "out_" + "a" * 22, "upl_" + "*" * 22]
)
def test_names_that_find_nothing(tmp_path: Path, name: str) -> None:
    files = store(tmp_path)
    (tmp_path / "a.wav").write_bytes(wav())
    (tmp_path / "data" / "a.wav").write_bytes(wav())
    for attempt in (files.get, files.delete):
        with pytest.raises(NotFound):
            attempt(name)
    assert files.references.voice(name) is None


@pytest.mark.parametrize(
    ("given", "bare"),
    [
        ("Dr. Smith", "Dr. Smith"),
        ("Dr. Smith.wav", "Dr. Smith"),
        ("Dr. Smith.MP3", "Dr. Smith"),
        ("v1.2.3", "v1.2.3"),
        ("Wait...", "Wait..."),
        ("St. John, Jr.", "St. John, Jr."),
        ("anna.wav.wav", "anna"),
        ("Anna\u2019s \u201cbest\u201d \u2013 take 2 \u2014", "Anna\u2019s \u201cbest\u201d \u2013 take 2 \u2014"),
        ('Who? "Me": <b>*|100%', 'Who? "Me": <b>*|100%'),
        ("\u2026and justice", "\u2026and justice"),
        ("(whisper) [low]", "(whisper) [low]"),
        ("\U0001f600", "\U0001f600"),
        ("\U0001f469\u200d\U0001f680 Mia", "\U0001f469\u200d\U0001f680 Mia"),
        ("\u2764\ufe0f", "\u2764\ufe0f"),
        (
            "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        ),
        ("\u5f20\u4f1f", "\u5f20\u4f1f"),
        ("Mu\u0308ller", "M\u00fcller"),
        ("\u0939\u093f\u0928\u094d\u0926\u0940", "\u0939\u093f\u0928\u094d\u0926\u0940"),
        ("  Anna \t\n Maria\u00a0B. ", "Anna Maria B."),
        ("an\u202ena", "anna"),
        ("CON", "CON"),
        ("\u00e9" * 95, "\u00e9" * 95),
        ("e\u0301" * 95, "\u00e9" * 95),
    ],
)
def test_names_are_kept_as_given_and_found_again(tmp_path: Path, given: str, bare: str) -> None:
    files = store(tmp_path)
    stored = files.save("references", given, io.BytesIO(wav()))
    assert (stored.name, stored.path.name) == (f"{bare}.wav", f"{bare}.wav")
    for name in (given, bare, f"{bare}.wav", bare.upper(), stored.id):
        voice = files.references.voice(name)
        assert voice is not None
        assert (voice.id, voice.name) == (f"{bare}.wav", bare)
    upload = files.save("uploads", given, io.BytesIO(wav()))
    assert upload.name.startswith(bare)
    assert upload.path.name == f"{upload.id}.wav"
    with pytest.raises(Conflict):
        save(files, "references", f"{given.casefold()}.ogg")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a/b", "holds a /"),
        (".anna", "begins with a dot"),
        ("", "is empty"),
        ("a" * 256, "is longer than 255 bytes"),
        ("a" * 191, "is longer than 190 bytes"),
        ("a\0", "is no text"),
        ("Auto.wav", "is the word for a voice that nobody has named"),
    ],
)
def test_a_refused_name_tells_why(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(InvalidRequest, match=reason):
        save(store(tmp_path), "references", name)


def test_a_reference_called_as_an_id_is_found_and_hides_no_other(tmp_path: Path) -> None:
    files = store(tmp_path)
    first = save(files, "references", "anna")
    save(files, "references", first)
    voice = files.references.voice(first)
    assert voice is not None
    assert voice.name == "anna"
    files.delete(first)
    voice = files.references.voice(first)
    assert voice is not None
    assert voice.name == first


def test_a_recording_put_there_by_hand_is_a_voice(tmp_path: Path) -> None:
    files = store(tmp_path)
    path = tmp_path / "data" / "references" / "Anna Müller.wav"
    path.write_bytes(wav())
    for name in ("Anna Müller", "Anna Müller.wav", "Anna Müller.mp3", "Anna Mu\u0308ller"):
        voice = files.references.voice(name)
        assert voice is not None
        assert (voice.id, voice.name, voice.reference) == ("Anna Müller.wav", "Anna Müller", str(path.resolve()))
    [listed] = files.page("references", limit=10).files
    assert store(tmp_path).get(listed.id) == listed
    assert files.references.voice(listed.id) == files.references.voice("Anna Müller")
    assert [voice.name for voice in files.references.voices()] == ["Anna Müller"]
    assert os.listdir(path.parent) == [path.name]


def test_the_exact_name_goes_before_another_extension(tmp_path: Path) -> None:
    files = store(tmp_path)
    for name in ("anna.flac", "anna.wav", "anna.v2.wav"):
        (tmp_path / "data" / "references" / name).write_bytes(wav())
    found = [files.references.voice(name) for name in ("anna.wav", "anna.flac", "anna.v2")]
    assert [voice.id for voice in found if voice] == ["anna.wav", "anna.flac", "anna.v2.wav"]


def test_a_recording_replaced_by_hand_is_looked_at_anew(tmp_path: Path) -> None:
    files = store(tmp_path)
    stored = files.save("references", "anna.wav", io.BytesIO(wav(0.5)))
    stored.path.write_bytes(wav(2.0))
    assert (files.get(stored.id).duration, files.get(stored.id).size) == (2.0, 32044)


def test_what_is_no_audio_is_no_voice(tmp_path: Path) -> None:
    files = store(tmp_path)
    (tmp_path / "data" / "references" / "notes.txt").write_text("about the voices")
    assert files.page(limit=10).files == []
    assert files.references.voice("notes") is None


def test_links_are_not_followed(tmp_path: Path) -> None:
    files = store(tmp_path)
    outside = tmp_path / "outside.wav"
    outside.write_bytes(wav())
    for kind in ("references", "uploads"):
        (tmp_path / "data" / kind / "linked.wav").symlink_to(outside)
    assert files.page(limit=10).total == 0
    assert files.references.voice("linked") is None
    assert files.references.voice("linked.wav") is None


def test_two_references_of_one_name_are_refused(tmp_path: Path) -> None:
    files = store(tmp_path)
    save(files, "references", "anna.wav")
    with pytest.raises(Conflict):
        save(files, "references", "Anna.mp3")
    with files.create("references", "bob.wav") as first, files.create("references", "bob.wav") as second:
        for writer in (first, second):
            writer.write(wav())
        first.commit()
        with pytest.raises(Conflict):
            second.commit()
    assert sorted(voice.name for voice in files.references.voices()) == ["anna", "bob"]


def test_a_reference_without_a_name_has_its_id(tmp_path: Path) -> None:
    files = store(tmp_path)
    id = save(files, "references")
    voice = files.references.voice(id)
    assert voice is not None
    assert voice.name == id


def test_a_labelled_reference_is_known_by_its_id_whoever_it_belongs_to(tmp_path: Path) -> None:
    files = store(tmp_path)
    for owner in (None, "0123456789abcdef"):
        labelled = files.save("references", None, io.BytesIO(wav(1.0)), owner=owner, label="Anna")
        viewer = Viewer(owner)
        voice = files.references.voice(labelled.id, viewer)
        assert voice is not None and (voice.id, voice.name) == (labelled.id, "Anna")
        assert is_by_id(labelled) and files.references.voice("Anna", viewer) is None


def test_too_large(tmp_path: Path) -> None:
    files = store(tmp_path, file_bytes=2000)
    with pytest.raises(PayloadTooLarge):
        save(files, "uploads", data=wav(1.0))
    assert visible(tmp_path) == []


def test_a_reference_is_measured_and_not_believed(tmp_path: Path) -> None:
    files = store(tmp_path, reference_seconds=1.0)
    save(files, "references", "short.wav", wav(1.0))
    liar = bytearray(wav(3.0))
    liar[40:44] = (100).to_bytes(4, "little")
    with pytest.raises(AudioTooLong):
        save(files, "references", "long.wav", wav(3.0))
    stored = files.save("references", "liar.wav", io.BytesIO(bytes(liar)))
    assert stored.duration is not None
    assert stored.duration <= 1.0


@pytest.mark.parametrize(("kind", "quota"), [("uploads", "uploads_bytes"), ("references", "references_bytes")])
def test_a_full_quota(tmp_path: Path, kind: Kind, quota: str) -> None:
    size = len(wav())
    limits: dict[str, Any] = {quota: 2 * size + 10}
    files = store(tmp_path, **limits)
    first = save(files, kind, "a.wav")
    save(files, kind, "b.wav")
    with pytest.raises(StorageFull):
        save(files, kind, "c.wav")
    files.delete(first)
    save(files, kind, "c.wav")
    again = store(tmp_path, **limits)
    with pytest.raises(StorageFull):
        save(again, kind, "d.wav")


def test_files_being_written_count(tmp_path: Path) -> None:
    size = len(wav())
    files = store(tmp_path, uploads_bytes=size)
    with files.create("uploads") as writer:
        writer.write(wav())
        with pytest.raises(StorageFull):
            save(files, "uploads")
    save(files, "uploads")


def test_one_that_is_being_written_is_not_complete_yet(tmp_path: Path) -> None:
    files = store(tmp_path)
    with files.create("outputs", "speech.wav") as writer:
        writer.write(wav())
        with pytest.raises(NotCompleteYet, match="when the stream") as caught:
            files.get(writer.id)
        assert caught.value.retry_after
        with pytest.raises(NotCompleteYet):
            files.delete(writer.id)
        writer.commit()
        assert files.get(writer.id).size == len(wav())
    with files.create("outputs", "speech.wav") as writer:
        writer.write(wav())
    with pytest.raises(NotFound):
        files.get(writer.id)


def test_the_oldest_outputs_make_room(tmp_path: Path) -> None:
    size = len(wav())
    files = store(tmp_path, outputs_bytes=3 * size)
    ids = [save(files, "outputs", "speech.wav") for _ in range(3)]
    for age, id in enumerate(ids):
        moment = 1000 + age
        os.utime(files.get(id).path, (moment, moment))
    newest = save(files, "outputs", "speech.wav")
    kept = {stored.id for stored in files.page("outputs", limit=10).files}
    assert newest in kept
    assert ids[0] not in kept
    assert sum(usage.bytes for usage in files.usage()) <= 3 * size


def test_an_output_larger_than_the_quota(tmp_path: Path) -> None:
    files = store(tmp_path, outputs_bytes=1000)
    with pytest.raises(StorageFull):
        save(files, "outputs", "speech.wav")


def test_outputs_expire_by_age(tmp_path: Path) -> None:
    now = time.time()
    files = store(tmp_path, lambda: now, output_hours=2.0)
    save(files, "uploads")
    old, young = save(files, "outputs", "a.wav"), save(files, "outputs", "b.wav")
    os.utime(files.get(old).path, (now - 3 * HOUR, now - 3 * HOUR))
    assert files.cleanup(("outputs",), dry_run=True).files == 1
    assert files.get(old)
    assert files.expire().bytes == len(wav())
    with pytest.raises(NotFound):
        files.get(old)
    assert files.get(young)
    assert files.page("uploads", limit=1).total == 1


def test_uploads_go_only_with_an_age(tmp_path: Path) -> None:
    now = time.time()
    files = store(tmp_path, lambda: now + 10 * HOUR)
    save(store(tmp_path), "uploads")
    with pytest.raises(InvalidParameter):
        files.cleanup(("uploads",))
    assert files.cleanup(("uploads",), max_age_hours=11).files == 0
    assert files.cleanup(("uploads",), max_age_hours=9).files == 1


def test_a_cleanup_counts_what_it_has_removed_itself(tmp_path: Path) -> None:
    """Another removal is faster than it: it comes when the outputs are listed, and temporary files are looked for."""
    now, ids = time.time() + 10 * HOUR, list[str]()
    faster: list[Callable[[], object]] = [lambda: None, lambda: files.delete(ids[0])]
    files = store(tmp_path)
    ids += [save(files, "outputs", "a.wav"), save(files, "outputs", "b.wav")]
    files = FileStore(tmp_path / "data", lambda: Settings(), lambda: (faster.pop(0)(), now)[1])
    counted = files.cleanup(("outputs", "temporary"), max_age_hours=1)
    assert (counted.files, counted.bytes) == (1, len(wav())) and not faster
    assert files.page("outputs", limit=9).total == 0 and files.usage()[2].bytes == 0


def test_what_a_crash_leaves_is_removed_in_time(tmp_path: Path) -> None:
    now = time.time()
    files = store(tmp_path, lambda: now + 2 * HOUR)
    stored = files.save("uploads", "a.wav", io.BytesIO(wav()))
    data = tmp_path / "data"
    (data / ".temporary" / "half").write_bytes(b"half")
    (data / "uploads" / ".gone.wav.json").write_text("{}")
    (data / "uploads" / ".gone.wav.json.abc.tmp").write_text("{")
    with files.create("uploads") as writer:
        writer.write(wav())
        assert store(tmp_path).expire().files == 0
        assert files.expire().files == 3
        writer.commit()
    assert files.get(stored.id) == stored
    assert files.get(writer.id)


def test_a_crash_between_writing_and_the_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = store(tmp_path)

    def crash(self: Path, target: Path) -> Path:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", crash)
        with pytest.raises(StorageFailed, match="Input/output"):
            save(files, "references", "anna.wav")
    assert files.references.voices() == []
    save(files, "references", "anna.wav")
    assert len(files.references.voices()) == 1


def test_a_name_that_the_file_system_does_not_know(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = store(tmp_path)

    def refuse(self: Path, target: Path) -> Path:
        raise OSError(errno.EINVAL, "Invalid argument")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refuse)
        with pytest.raises(InvalidRequest, match="knows no such name"):
            save(files, "references", "a:b")


def test_the_reason_of_the_latest_losses_is_remembered(tmp_path: Path) -> None:
    files = store(tmp_path)
    ids = [new_id("outputs") for _ in range(MOST_LOST + 1)]
    for id in ids:
        files.lose(id, StorageFull("The disk of the server is full."))
    with pytest.raises(NotFound):
        files.get(ids[0])
    with pytest.raises(StorageFull, match="This file was not kept: The disk of the server is full"):
        files.get(ids[-1])


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = store(tmp_path)

    class Full(io.BytesIO):
        def write(self, data: Any) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "open", lambda *_: Full())
    with files.create("uploads") as writer, pytest.raises(StorageFull):
        writer.write(b"x")


def test_a_disk_that_refuses_to_the_end_still_gives_the_bytes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = store(tmp_path, uploads_bytes=len(wav()))

    class Refusing(io.BytesIO):
        def close(self) -> None:
            raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", lambda *_: Refusing())
        writer = files.create("uploads")
    writer.write(wav())
    writer.abort()
    assert visible(tmp_path) == []
    assert save(files, "uploads")


def test_a_file_that_cannot_be_begun_leaves_nothing(tmp_path: Path) -> None:
    files = store(tmp_path, uploads_bytes=len(wav()))
    temporary = tmp_path / "data" / ".temporary"
    temporary.rmdir()
    temporary.write_text("in the way")
    with pytest.raises(OSError, match="File exists"):
        files.create("uploads")
    temporary.unlink()
    assert visible(tmp_path) == []
    assert save(files, "uploads"), "the whole quota is free"


def test_folders_removed_by_hand_come_back(tmp_path: Path) -> None:
    files = store(tmp_path, uploads_bytes=len(wav()))
    ids = [save(files, kind, "anna.wav") for kind in KINDS]
    shutil.rmtree(tmp_path / "data")
    assert files.expire().files == 0
    assert files.page(limit=10).total == 0
    assert files.references.voices() == []
    assert files.references.voice("anna") is None
    for id in ids:
        with pytest.raises(NotFound):
            files.get(id)
    shutil.rmtree(tmp_path / "data", ignore_errors=True)
    assert [files.get(save(files, kind, "anna.wav")).size for kind in KINDS] == [len(wav())] * 4
    assert [usage.files for usage in files.usage()] == [1, 1, 1, 1]


def test_a_quota_knows_what_was_removed_by_hand(tmp_path: Path) -> None:
    files = store(tmp_path, uploads_bytes=len(wav()))
    files.get(save(files, "uploads")).path.unlink()
    assert save(files, "uploads")


def test_expiry_waits_for_a_disk_that_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    files = store(tmp_path, lambda: now + 1000 * HOUR)
    save(store(tmp_path), "outputs", "speech.wav")

    def refuse(path: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refuse)
        assert files.expire().files == 0
    assert files.expire().files == 1


def test_a_folder_among_the_temporary_files_does_not_keep_the_rest(tmp_path: Path) -> None:
    now = time.time()
    files = store(tmp_path, lambda: now + 2 * HOUR)
    (tmp_path / "data" / ".temporary" / "a").mkdir()
    (tmp_path / "data" / ".temporary" / "b").write_bytes(b"half")
    assert files.expire().files == 1
    assert (tmp_path / "data" / ".temporary" / "a").is_dir()


def test_an_upload_whose_header_says_that_it_is_too_long(tmp_path: Path) -> None:
    fixed = Settings(limits=LimitSettings(audio_seconds=2.0), storage=StorageSettings(reference_seconds=1.0))
    files = FileStore(tmp_path / "data", lambda: fixed)
    assert files.save("uploads", None, io.BytesIO(wav(2.0))).duration == 2.0
    with pytest.raises(AudioTooLong):
        save(files, "uploads", data=wav(2.1))
    assert files.page(limit=10).total == 1
    assert [usage.bytes for usage in files.usage()] == [0, len(wav(2.0)), 0, 0]


@pytest.mark.parametrize("blocks", [1, 3])
def test_a_checkpoint_ends_the_work(tmp_path: Path, blocks: int) -> None:
    """In the copy, and in the look at what was copied."""
    files = store(tmp_path)
    calls: list[int] = []

    def checkpoint() -> None:
        calls.append(len(calls))
        if len(calls) == blocks:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        files.save("references", "anna.wav", io.BytesIO(wav(5.0)), checkpoint=checkpoint)
    assert visible(tmp_path) == []
    assert save(files, "references", "anna.wav")


def test_a_broken_sidecar_is_looked_past(tmp_path: Path) -> None:
    files = store(tmp_path)
    stored = files.save("references", "anna.wav", io.BytesIO(wav()))
    stored.path.with_name(".anna.wav.json").write_text(json.dumps({"id": 5}))
    assert files.references.voice("anna") is not None


def test_pages(tmp_path: Path) -> None:
    files = store(tmp_path)
    ids = [save(files, "uploads") for _ in range(5)]
    for age, id in enumerate(ids):
        os.utime(files.get(id).path, (1000 + age, 1000 + age))
    page = files.page("uploads", limit=2, offset=1)
    assert ([stored.id for stored in page.files], page.total) == ([ids[3], ids[2]], 5)
    assert files.page("outputs", limit=2).total == 0
    assert files.page(limit=2, offset=9).files == []


def test_a_root_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(InvalidConfiguration):
        store(tmp_path)


PARTS = st.lists(
    st.sampled_from(
        ["../", "a", "%2f", "/", "\\", ".", ".wav", ".mp3", " ", "Dr. ", "\u0308", "\u200d", "\u202e", "\u00df"]
    ),
    max_size=8,
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(name=st.text(max_size=12) | st.sampled_from(NAMES) | PARTS.map("".join))
@example("0.0")
@example("0.\u0130")
@example(".wav.wav")
@example("\u1e9e.WAV .mp3")
@example("%2e%2e%2fa")
@example("AUTO.wav")
def test_no_name_leaves_the_store(tmp_path: Path, name: str) -> None:
    (tmp_path / "outside.wav").write_bytes(wav())
    files = store(tmp_path)
    root = (tmp_path / "data").resolve()
    for kind in ("uploads", "references"):
        try:
            stored = files.save(kind, name, io.BytesIO(wav(0.05)))
        except STTSError:
            continue
        assert stored.path.resolve().parent == root / kind
        assert files.get(stored.id) == stored
        if kind == "references":
            voice = files.references.voice(name)
            assert voice is not None
            assert voice.reference == str(stored.path)
        files.delete(stored.id)
    assert files.references.voice(name) is None
    assert {path.name for path in tmp_path.iterdir()} == {"data", "outside.wav"}
    assert visible(tmp_path) == []


def test_a_reference_is_known_by_its_content(tmp_path: Path) -> None:
    files = store(tmp_path)
    saved = files.save("references", "anna.wav", io.BytesIO(wav()))
    voice = files.references.voice("anna")
    assert voice is not None
    assert voice.digest == hashlib.sha256(wav()).hexdigest()
    assert files.references.voices()[0].digest == ""
    saved.path.write_bytes(wav() + b"more")
    other = files.references.voice("anna")
    assert other is not None
    assert other.digest not in ("", voice.digest)
