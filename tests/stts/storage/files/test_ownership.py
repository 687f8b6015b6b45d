"""Whose files are whose: names, ids, lists and lost sidecars, for users, everybody and the server."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from stts.access.viewer import EVERYBODY, SERVER, Viewer
from stts.errors import Conflict, InvalidParameter, InvalidRequest, NotCompleteYet, NotFound, StorageFailed, StorageFull
from stts.settings import Settings, StorageSettings
from stts.storage.files.kinds import Kind
from stts.storage.files.owners import owned, owned_name
from stts.storage.files.records import StoredFile
from stts.storage.files.store import FileStore
from tests.audio import encoded, tone

ANNA, BERT = "a" * 16, "b" * 16
ANNAS, BERTS = Viewer(ANNA), Viewer(BERT)

Keep = Callable[..., StoredFile]


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path, Settings)


@pytest.fixture
def keep(files: FileStore) -> Keep:
    def keep(name: str | None, owner: str | None, kind: Kind = "references", seconds: float = 0.1) -> StoredFile:
        return files.save(kind, name, io.BytesIO(encoded(tone(seconds))), owner=owner)

    return keep


def test_two_users_have_a_voice_of_one_name(files: FileStore, keep: Keep) -> None:
    annas, berts = keep("anna", ANNA), keep("Anna.mp3", BERT, seconds=0.2)
    assert (annas.name, annas.owner, annas.shared) == ("anna.wav", ANNA, False)
    for viewer, stored in ((ANNAS, annas), (BERTS, berts)):
        found = [files.references.voice(name, viewer) for name in ("anna", "ANNA.wav", stored.id)]
        assert {voice.reference for voice in found if voice} == {str(stored.path)} and None not in found
        assert [voice.reference for voice in files.references.voices(viewer)] == [str(stored.path)]
    assert files.references.voice("anna", EVERYBODY) is None and files.references.voices(EVERYBODY) == []
    with pytest.raises(Conflict):
        keep("ANNA", ANNA)


def test_administrators_reach_the_voices_of_others_by_id_alone(files: FileStore, keep: Keep) -> None:
    stored = keep("anna", ANNA)
    admin = Viewer(BERT, sees_all=True)
    assert files.references.voice("anna", admin) is None and files.references.voice(stored.id, admin) is not None
    assert files.references.voices(admin) == [] and files.page(viewer=admin, limit=10).total == 1
    assert files.references.voice(stored.id, BERTS) is None


def test_what_the_operator_puts_into_the_folder_is_everybodys(files: FileStore, keep: Keep, tmp_path: Path) -> None:
    stored = keep("old", None)
    (tmp_path / "references" / "hand made.wav").write_bytes(encoded(tone(0.1)))
    for viewer in (ANNAS, EVERYBODY, SERVER):
        assert sorted(voice.name for voice in files.references.voices(viewer)) == ["hand made", "old"]
        assert (
            files.references.voice("hand made", viewer) is not None
            and files.references.voice(stored.id, viewer) is not None
        )
    # Speaking with it is everybody's; the file itself is the server's.
    with pytest.raises(NotFound):
        files.get(stored.id, ANNAS)
    with pytest.raises(NotFound):
        files.delete(stored.id, ANNAS)
    with pytest.raises(Conflict):
        keep("Old", ANNA)


def test_ones_own_voice_goes_before_everybodys(files: FileStore, keep: Keep) -> None:
    own = keep("anna", ANNA)
    keep("anna", None, seconds=0.2)
    voice, other = files.references.voice("anna", ANNAS), files.references.voice("anna", BERTS)
    assert voice is not None and voice.reference == str(own.path)
    assert other is not None and other.reference != voice.reference


@pytest.mark.parametrize("kind", ["references", "uploads", "outputs"])
def test_files_of_others_are_not_there(files: FileStore, keep: Keep, kind: Kind) -> None:
    stored = keep("call.wav", ANNA, kind)
    assert files.get(stored.id, ANNAS) == stored == files.get(stored.id, SERVER)
    for viewer in (BERTS, EVERYBODY):
        with pytest.raises(NotFound, match="no file"):
            files.get(stored.id, viewer)
        with pytest.raises(NotFound):
            files.delete(stored.id, viewer)
        assert files.page(kind, viewer, limit=10).total == 0
    assert files.page(kind, ANNAS, limit=10).files == [stored]
    assert files.delete(stored.id, ANNAS) == stored
    assert files.page(limit=10).total == 0


def test_a_lost_sidecar_opens_nothing(files: FileStore, keep: Keep, tmp_path: Path) -> None:
    keep("anna", ANNA)
    upload = keep("call.wav", ANNA, "uploads")
    for sidecar in tmp_path.rglob(".*.json"):
        sidecar.unlink()
    assert files.references.voice("anna", BERTS) is None and files.references.voice("anna", ANNAS) is not None
    assert files.page(viewer=BERTS, limit=10).total == 0
    assert files.get(upload.id, ANNAS).owner == ANNA


def test_what_is_written_or_lost_is_not_told_to_others(files: FileStore) -> None:
    with files.create("outputs", "speech.wav", owner=ANNA) as writer:
        with pytest.raises(NotCompleteYet):
            files.get(writer.id, ANNAS)
        with pytest.raises(NotFound):
            files.get(writer.id, BERTS)
    files.lose(writer.id, StorageFull("full"), ANNA)
    with pytest.raises(StorageFull):
        files.get(writer.id, ANNAS)
    with pytest.raises(NotFound):
        files.get(writer.id, BERTS)


def test_a_voice_is_made_everybodys_and_ones_own_again(files: FileStore, keep: Keep) -> None:
    stored = keep("anna", ANNA)
    shared = files.cards.share(stored.id, shared=True)
    assert (shared.id, shared.owner, shared.shared) == (stored.id, ANNA, True)
    voice = files.references.voice("anna", BERTS)
    assert voice is not None and voice.id == "anna.wav" and files.references.voice(stored.id, BERTS) is not None
    with pytest.raises(NotFound):
        files.delete(stored.id, BERTS)
    with pytest.raises(Conflict):
        keep("anna", BERT)
    assert files.cards.share(stored.id, shared=True) == shared
    assert files.cards.share(stored.id, shared=False).path == stored.path
    assert files.references.voice("anna", BERTS) is None
    assert files.get(stored.id, ANNAS) == stored


def test_not_everything_can_be_shared(files: FileStore, keep: Keep) -> None:
    upload, servers = keep("x", ANNA, "uploads"), keep("s", None)
    with pytest.raises(InvalidParameter):
        files.cards.share(upload.id, shared=True)
    with pytest.raises(InvalidParameter):
        files.cards.share(servers.id, shared=False)
    assert files.cards.share(servers.id, shared=True) == servers
    with pytest.raises(NotFound):
        files.cards.share("ref_" + "x" * 22, shared=True)


def test_a_name_that_everybody_has_cannot_be_shared_twice(files: FileStore, keep: Keep) -> None:
    first, second = keep("anna", ANNA), keep("anna", BERT)
    files.cards.share(first.id, shared=True)
    with pytest.raises(Conflict):
        files.cards.share(second.id, shared=True)
    voice = files.references.voice("anna", BERTS)
    assert voice is not None and voice.reference == str(second.path)


@pytest.mark.parametrize("name", [f"anna@{ANNA}", f"anna@{ANNA}+.wav", f"x@{BERT}.mp3"])
def test_nobody_gives_a_voice_to_somebody_else_by_its_name(keep: Keep, name: str) -> None:
    with pytest.raises(InvalidRequest, match="16 digits"):
        keep(name, BERT)


@pytest.mark.parametrize("name", ["anna", "Dr. Smith", "a@b", "x" * 100, "🙂"])
@pytest.mark.parametrize("shared", [True, False])
def test_names_say_their_owner(name: str, shared: bool) -> None:
    file = owned(owned_name(name, ".wav", ANNA, shared=shared))
    assert (file.name, file.owner, file.shared) == (f"{name}.wav", ANNA, shared)
    assert owned(owned_name(name, ".wav", None)).owner is None


def test_an_owner_that_no_name_can_say() -> None:
    with pytest.raises(ValueError, match="16"):
        owned_name("anna", ".wav", "anna")


def test_the_longest_name_with_an_owner(keep: Keep) -> None:
    stored = keep("ü" * 95, ANNA)
    assert stored.path.exists() and stored.name == "ü" * 95 + ".wav"


def test_files_of_users_go_up_to_a_moment_for_each(files: FileStore, keep: Keep) -> None:
    kept = [keep(name, owner, "uploads") for name, owner in (("old", ANNA), ("new", ANNA), ("old", BERT), ("a", None))]
    for stored, modified in zip(kept, (10.0, 30.0, 10.0, 10.0), strict=True):
        os.utime(stored.path, (modified, modified))
    assert files.remove_all({ANNA: 20.0, BERT: 5.0})["uploads"] == 1
    assert {each.id for each in files.page(limit=10).files} == {each.id for each in kept[1:]}


def test_all_files_of_a_user_go(files: FileStore, keep: Keep, tmp_path: Path) -> None:
    kinds: tuple[Kind, ...] = ("references", "uploads", "outputs", "consents")
    for kind in kinds:
        keep("anna.wav", ANNA, kind)
        keep("anna.wav", BERT, kind)
    files.cards.share(keep("second", ANNA).id, shared=True)
    assert files.remove_all({ANNA: math.inf}) == {"references": 2, "uploads": 1, "outputs": 1, "consents": 1}
    assert files.remove_all({ANNA: math.inf}) == {"references": 0, "uploads": 0, "outputs": 0, "consents": 0}
    assert files.page(viewer=BERTS, limit=10).total == 4
    assert not [path for path in tmp_path.rglob("*") if ANNA in path.name]
    assert sum(each.bytes for each in files.usage()) == sum(each.size for each in files.page(limit=10).files)


def test_consent_is_kept_and_may_be_required(tmp_path: Path) -> None:
    settings = Settings(storage=StorageSettings(require_consent=True))
    files = FileStore(tmp_path, lambda: settings)
    recording = io.BytesIO(encoded(tone(0.1)))
    for missing in (None, "", " \n\0"):
        with pytest.raises(InvalidParameter) as refused:
            files.save("references", "anna", recording, consent=missing)
        assert refused.value.param == "consent"
    stored = files.save("references", "anna", recording, consent="Anna Müller,\n 2026-11-29 \ud800")
    assert stored.consent == "Anna Müller, 2026-11-29"
    assert files.get(stored.id).consent == stored.consent
    assert files.save("uploads", "call", recording).consent is None
    stored.path.write_bytes(encoded(tone(0.2)))
    assert files.get(stored.id).consent == stored.consent
    for emptied in ("", " \n\0"):
        with pytest.raises(InvalidParameter) as refused:
            files.cards.change(stored.id, SERVER, name="other", consent=emptied)
        assert refused.value.param == "consent.statement"
    assert (files.get(stored.id).consent, files.get(stored.id).name) == (stored.consent, stored.name)
    assert files.cards.change(stored.id, SERVER, consent="B").consent == "B"
    settings = Settings()
    assert files.cards.change(stored.id, SERVER, consent="").consent is None


def test_what_is_being_written_when_the_data_of_its_user_goes_is_not_kept(tmp_path: Path) -> None:
    now = [10.0]
    files = FileStore(tmp_path, Settings, lambda: now[0])
    with files.create("uploads", owner=ANNA) as early, files.create("uploads", owner=BERT) as others:
        now[0] = 30.0
        with files.create("uploads", owner=ANNA) as late:
            files.remove_all({ANNA: 20.0})
            for writer in (early, others, late):
                writer.write(encoded(tone(0.1)))
            with pytest.raises(StorageFailed, match="removed meanwhile"):
                early.commit()
            assert {others.commit().owner, late.commit().owner} == {ANNA, BERT}
    assert files.page(limit=9).total == 2
    assert not [path for path in tmp_path.rglob("*") if early.id in path.name]


def test_what_began_before_a_removal_and_is_created_after_it_is_not_kept(tmp_path: Path) -> None:
    now = [30.0]
    files = FileStore(tmp_path, Settings, lambda: now[0])
    files.remove_all({ANNA: math.inf})
    now[0] = 40.0
    recording = io.BytesIO(encoded(tone(0.1)))
    with pytest.raises(StorageFailed, match="removed meanwhile"):
        files.save("references", "anna", recording, owner=ANNA, age=11.0)
    kept = [
        files.save("uploads", "call", recording, owner=owner, age=age) for owner, age in ((ANNA, 9.0), (BERT, 11.0))
    ]
    assert {stored.id for stored in files.page(limit=9).files} == {stored.id for stored in kept}


def test_what_is_written_goes_too_where_another_server_had_the_removal_for_the_root(tmp_path: Path) -> None:
    now = [10.0]
    ours, theirs = (FileStore(tmp_path, Settings, lambda: now[0]) for _ in range(2))
    with ours.create("uploads", owner=ANNA) as writer:
        now[0] = 20.0
        assert theirs.carry_out({ANNA: 20.0}) == ours.carry_out({ANNA: 20.0}) == 0
        writer.write(encoded(tone(0.1)))
        with pytest.raises(StorageFailed, match="removed meanwhile"):
            writer.commit()


def test_what_began_before_a_removal_that_is_heard_of_late_goes_with_it(tmp_path: Path) -> None:
    now = [10.0]
    files = FileStore(tmp_path, Settings, lambda: now[0])
    with files.create("uploads", owner=ANNA) as early:
        early.write(encoded(tone(0.1)))
        now[0] = 30.0
        with files.create("uploads", owner=ANNA) as late:
            late.write(encoded(tone(0.1)))
            early.commit()
            kept = late.commit()
    assert files.carry_out({ANNA: 20.0}) == 1
    assert [stored.id for stored in files.page(limit=9).files] == [kept.id]
