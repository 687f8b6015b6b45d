"""Engines get the best part of a recording, made once, and it goes with its voice."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest

from stts.access.viewer import SERVER
from stts.protocols import LibraryVoice
from stts.settings import Settings
from stts.storage.files import derived
from stts.storage.files.atomic import replace_file
from stts.storage.files.derived import FAILED_SECONDS, DerivedFiles
from stts.storage.files.records import StoredFile
from stts.storage.files.store import FileStore
from stts.voices.figures import Figures
from stts.voices.measure import measured
from tests.engines.speech import read
from tests.stts.voices.recordings import speech, wav

LIMITS = (3.0, 10.0)


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path, lambda: Settings())


def found(files: FileStore, name: str = "anna", seconds: tuple[float, float] | None = LIMITS) -> LibraryVoice:
    voice = files.references.find(name, SERVER, seconds)
    assert voice is not None
    return voice


def test_the_best_part_is_made_once_and_repaired(files: FileStore) -> None:
    files.save("references", "anna", wav(speech()))
    first = found(files).voice
    path = Path(first.reference or "")
    made = path.stat().st_ino, path.stat().st_mtime_ns
    part = read(path, rate=48_000)
    assert 8 < len(part) / 48_000 <= 10 and np.abs(part).max() > 2 * np.abs(speech()).max(), "it was quiet"
    assert found(files).voice == first and (path.stat().st_ino, path.stat().st_mtime_ns) == made
    assert found(files, seconds=None).voice.reference != first.reference, "who names no limits gets the recording"
    assert found(files, seconds=(3.0, 5.0)).voice.reference != first.reference
    assert found(files, seconds=None).voice.digest == first.digest


def test_many_at_once_make_it_once(files: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    files.save("references", "anna", wav(speech()))
    written: list[Path] = []

    def counted(path: Path, data: bytes) -> None:
        written.append(path)
        replace_file(path, data)

    monkeypatch.setattr(derived, "replace_file", counted)
    threads = [threading.Thread(target=found, args=(files,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(written) == 1


def test_it_goes_with_its_voice_and_with_its_recording(files: FileStore, tmp_path: Path) -> None:
    stored = files.save("references", "anna", wav(speech()))
    told: list[tuple[StoredFile, str]] = []
    files.removed_voices.on_removed.append(lambda voice, digest: told.append((voice, digest)))
    voice = found(files).voice
    stored.path.write_bytes(wav(speech()[::-1].copy()).getvalue())
    newer = found(files).voice
    assert newer.digest != voice.digest and not Path(voice.reference or "").exists()
    files.delete(stored.id)
    assert not list((tmp_path / "derived").iterdir())
    assert [(each.id, digest) for each, digest in told] == [(stored.id, newer.digest)]


def test_what_somebody_removed_by_hand_is_swept(files: FileStore, tmp_path: Path) -> None:
    stored = files.save("references", "anna", wav(speech()))
    found(files)
    files.expire()
    assert list((tmp_path / "derived").iterdir())
    stored.path.unlink()
    files.expire()
    assert not list((tmp_path / "derived").iterdir())


def test_what_cannot_be_derived_is_left_to_the_engine(files: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    short = files.save("references", "short", wav(speech()[: 2 * 48_000]))
    assert found(files, "short").voice.reference == str(short.path)
    stored = files.save("references", "anna", wav(speech()))

    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(derived, "replace_file", full)
    assert found(files).voice.reference == str(stored.path)


def test_that_nothing_can_be_derived_is_remembered_and_a_failure_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, decoded = 0.0, list[str]()

    def counted(file: BinaryIO, **options: Any) -> Figures:
        decoded.append(file.name)
        return measured(file, **options)

    monkeypatch.setattr(derived, "measured", counted)
    files = DerivedFiles(tmp_path, lambda: now)
    short, broken = tmp_path / "short.wav", tmp_path / "broken.wav"
    short.write_bytes(wav(speech()[: 2 * 48_000]).getvalue())
    broken.write_bytes(b"no recording")
    for _ in range(3):
        assert files.path("ref_1", "a" * 64, short, LIMITS) == short
        assert files.path("ref_2", "b" * 64, broken, LIMITS) == broken
    assert decoded == [str(short), str(broken)]
    now = FAILED_SECONDS
    files.path("ref_1", "a" * 64, short, LIMITS)
    files.path("ref_2", "b" * 64, broken, LIMITS)
    assert decoded == [str(short), str(broken), str(broken)]
    short.write_bytes(wav(speech()).getvalue())
    assert files.path("ref_1", "c" * 64, short, LIMITS) != short, "another recording"


def test_one_recording_waits_for_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(file: BinaryIO, **options: Any) -> Figures:
        if "slow" in file.name:
            begun.set()
            go_on.wait()
        return measured(file, **options)

    monkeypatch.setattr(derived, "measured", slow)
    files = DerivedFiles(tmp_path)
    for name in ("slow.wav", "quick.wav"):
        (tmp_path / name).write_bytes(wav(speech()).getvalue())
    of_a = threading.Thread(target=files.path, args=("ref_a", "a" * 64, tmp_path / "slow.wav", LIMITS))
    of_a.start()
    begun.wait()
    # Voices are spread over a few locks: of several, one has another than the first.
    free = next(f"ref_{each}" for each in range(99) if files._lock_of(f"ref_{each}") is not files._lock_of("ref_a"))
    assert files.path(free, "b" * 64, tmp_path / "quick.wav", LIMITS).is_relative_to(tmp_path / "derived")
    go_on.set()
    of_a.join()


def test_a_sidecar_of_before_is_read_and_keeps_its_consent(files: FileStore) -> None:
    stored = files.save("references", "anna", wav(speech()), consent="Anna")
    sidecar = stored.path.with_name(f".{stored.path.name}.json")
    older = sidecar.read_text().replace(',"card":null', "")
    assert '"card"' not in older
    sidecar.write_text(older)
    changed = files.cards.change(stored.id, SERVER, card=lambda card: card.model_copy(update={"tags": ("a",)}))
    assert (changed.consent, changed.card.tags, changed.id) == ("Anna", ("a",), stored.id)
    renamed = files.cards.change(stored.id, SERVER, name="Bertha")
    assert (renamed.name, renamed.card.tags) == ("Bertha.wav", ("a",)) and files.references.voice("bertha") is not None
