from __future__ import annotations

import errno
import io
from pathlib import Path

import pytest

from stts.access.viewer import SERVER, Viewer
from stts.errors import InvalidParameter, NotFound, StorageFailed, StorageFull
from stts.settings import Settings, StorageSettings
from stts.storage.files import consents, folder
from stts.storage.files.references import is_by_id
from stts.storage.files.store import FileStore
from stts.voices.card import VoiceCard
from tests.audio import speech

ANNA, BERT = Viewer("a" * 16), Viewer("b" * 16)


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def kept(files: FileStore, name: str = "Anna / 1", viewer: Viewer = ANNA) -> str:
    card = VoiceCard(language="en-US", transcript="yes")
    recording = io.BytesIO(speech())
    return files.save("consents", None, recording, owner=viewer.user_id, card=card, label=name).id


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def files(tmp_path: Path, clock: Clock) -> FileStore:
    settings = Settings(storage=StorageSettings(root=str(tmp_path)))
    return FileStore(tmp_path, lambda: settings, clock)


def test_a_consent_keeps_its_label_and_its_card(files: FileStore) -> None:
    stored = files.consents.get(kept(files), ANNA)
    assert (stored.name, stored.card.language, stored.card.transcript) == ("Anna / 1", "en-US", "yes")
    renamed = files.consents.rename(stored.id, ANNA, "../../etc")
    assert renamed.name == "../../etc" and renamed.path == stored.path
    assert files.consents.get(stored.id, ANNA).card.language == "en-US"


def test_a_consent_is_no_voice_and_a_voice_no_consent(files: FileStore) -> None:
    consent = kept(files)
    voice = files.save("references", "anna", io.BytesIO(speech()), owner=ANNA.user_id).id
    assert files.references.by_id(consent, ANNA) is None and files.references.voice("Anna / 1", ANNA) is None
    with pytest.raises(NotFound, match="no consent"):
        files.consents.get(voice, ANNA)
    with pytest.raises(NotFound):
        files.consents.delete(voice, ANNA)
    assert files.references.by_id(voice, ANNA) is not None


def test_others_do_not_reach_it_and_administrators_do(files: FileStore) -> None:
    id = kept(files)
    for call in (files.consents.get, files.consents.delete):
        with pytest.raises(NotFound):
            call(id, BERT)
    assert files.consents.page(BERT, after=None, limit=9) == ([], False)
    assert files.consents.get(id, SERVER).owner == ANNA.user_id


def test_pages_follow_each_other_also_over_those_that_were_removed(files: FileStore, clock: Clock) -> None:
    ids = []
    for _ in range(5):
        clock.now += 1
        ids.append(kept(files))
    newest = ids[::-1]
    first, more = files.consents.page(ANNA, after=None, limit=2)
    assert [each.id for each in first] == newest[:2] and more
    files.consents.delete(newest[1], ANNA)
    second, more = files.consents.page(ANNA, after=newest[1], limit=3)
    assert [each.id for each in second] == newest[2:] and not more
    with pytest.raises(InvalidParameter):
        files.consents.page(ANNA, after="cons_" + "x" * 22, limit=3)


def test_of_those_that_were_removed_only_the_last_are_remembered(
    files: FileStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consents, "MOST_REMEMBERED", 2)
    ids = []
    for _ in range(4):
        clock.now += 1
        ids.append(kept(files))
    for id in ids[1:]:
        files.consents.delete(id, ANNA)
    with pytest.raises(InvalidParameter):
        files.consents.page(ANNA, after=ids[1], limit=3)
    page, _ = files.consents.page(ANNA, after=ids[2], limit=3)
    assert [each.id for each in page] == ids[:1]


def test_consents_of_one_moment_have_an_order_too(files: FileStore) -> None:
    ids = sorted(kept(files) for _ in range(4))
    seen: list[str] = []
    more = True
    while more:
        page, more = files.consents.page(ANNA, after=seen[-1] if seen else None, limit=1)
        seen += [each.id for each in page]
    assert seen == ids


def test_a_voice_with_a_label_gets_another_one_and_stays_where_it_is(files: FileStore) -> None:
    one, two = (
        files.save("references", None, io.BytesIO(speech()), owner=ANNA.user_id, label=label) for label in ("A", "B")
    )
    renamed = files.cards.change(one.id, ANNA, name="B / 2 ")
    assert (renamed.id, renamed.name, renamed.path) == (one.id, "B / 2", one.path) and is_by_id(renamed)
    assert files.cards.change(two.id, ANNA, name="B / 2").name == "B / 2", "labels may be alike"
    assert files.references.voice("B / 2", ANNA) is None
    assert {voice.id for voice in files.references.voices(ANNA)} == {one.id, two.id}
    with pytest.raises(InvalidParameter, match="blank"):
        files.cards.change(one.id, ANNA, name=" \u200b ")


@pytest.mark.parametrize("failing", ["write_sidecar", "sync_folder"])
def test_of_what_could_not_be_kept_nothing_is_found(
    files: FileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(folder, failing, full)
    with pytest.raises(StorageFull):
        kept(files)
    assert files.consents.page(ANNA, after=None, limit=9) == ([], False)
    assert list((tmp_path / "consents").iterdir()) == []


def test_a_disk_that_cannot_be_written_keeps_what_is_to_be_removed(
    files: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = kept(files)

    def read_only(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "unlink", read_only)
    with pytest.raises(StorageFailed, match="cannot be written"):
        files.consents.delete(id, ANNA)
    assert files.consents.get(id, ANNA).id == id


def test_a_voice_with_a_label_is_found_by_its_id_alone(files: FileStore) -> None:
    voices = [
        files.save("references", None, io.BytesIO(speech()), owner=ANNA.user_id, label="Same / name") for _ in range(2)
    ]
    for stored in voices:
        assert stored.id.startswith("voice_") and stored.name == "Same / name"
        found = files.references.voice(stored.id, ANNA)
        assert found is not None and (found.id, found.name) == (stored.id, "Same / name")
        assert files.references.voice(stored.id, BERT) is None
    assert files.references.voice("Same / name", ANNA) is None
    assert {voice.id for voice in files.references.voices(ANNA)} == {stored.id for stored in voices}
    files.delete(voices[0].id, ANNA)
    assert files.references.voice(voices[0].id, ANNA) is None
