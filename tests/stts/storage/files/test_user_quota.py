"""The files of one user are bounded over all kinds, and take nothing from others."""

from __future__ import annotations

import io
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from stts.errors import StorageFull
from stts.settings import Settings, StorageSettings
from stts.storage.files.kinds import Kind
from stts.storage.files.records import StoredFile
from stts.storage.files.store import FileStore
from tests.audio import encoded, tone

ANNA, BERT = "a" * 16, "b" * 16
AUDIO = encoded(tone(0.1))
SIZE = len(AUDIO)


class World:
    """A store whose settings change while it runs."""

    def __init__(self, root: Path, **storage: Any) -> None:
        self.root = root
        self.settings = Settings(storage=StorageSettings(**storage))
        self.files = FileStore(root, lambda: self.settings)
        self._numbers = count()

    def keep(self, owner: str | None, kind: Kind = "uploads") -> StoredFile:
        name = None if kind == "outputs" else f"call {next(self._numbers)}"
        return self.files.save(kind, name, io.BytesIO(AUDIO), owner=owner)

    def bound(self, **storage: Any) -> None:
        self.settings = Settings(storage=StorageSettings(**storage))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, user_bytes=2 * SIZE)


def test_files_of_all_kinds_of_a_user_count_together(world: World) -> None:
    first = world.keep(ANNA)
    world.keep(ANNA, "references")
    for kind in ("uploads", "references", "outputs"):
        with pytest.raises(StorageFull, match=f"{2 * SIZE} bytes, and yours do"):
            world.keep(ANNA, kind)
    world.keep(BERT)
    for _ in range(3):
        world.keep(None)
    world.files.delete(first.id)
    world.keep(ANNA, "outputs")
    again = World(world.root, user_bytes=2 * SIZE)
    with pytest.raises(StorageFull):
        again.keep(ANNA)
    assert world.files.page(limit=20).total == 6


def test_what_is_being_written_counts_and_what_is_not_kept_does_not(world: World) -> None:
    with world.files.create("uploads", owner=ANNA) as first, world.files.create("outputs", owner=ANNA) as second:
        first.write(AUDIO)
        second.write(AUDIO)
        with pytest.raises(StorageFull):
            second.write(b"1")
    for _ in range(2):
        world.keep(ANNA)


def test_what_a_kind_refuses_costs_the_user_nothing(world: World) -> None:
    world.bound(user_bytes=2 * SIZE, uploads_bytes=SIZE)
    world.keep(BERT)
    for _ in range(5):
        with pytest.raises(StorageFull, match="kind uploads"):
            world.keep(ANNA)
    world.bound(user_bytes=2 * SIZE)
    for _ in range(2):
        world.keep(ANNA)


def test_the_bound_may_come_and_go_while_files_are_kept(world: World) -> None:
    world.bound()
    with world.files.create("uploads", owner=ANNA) as writer:
        writer.write(AUDIO)
        world.keep(ANNA)
        world.bound(user_bytes=2 * SIZE)
        with pytest.raises(StorageFull):
            world.keep(ANNA)
        writer.commit()
    with pytest.raises(StorageFull):
        world.keep(ANNA)
    world.bound()
    world.keep(ANNA)


def test_outputs_that_make_room_for_others_are_no_longer_the_users(world: World) -> None:
    world.bound(user_bytes=2 * SIZE, outputs_bytes=2 * SIZE)
    for owner in (ANNA, ANNA, BERT, BERT):
        world.keep(owner, "outputs")
    assert {stored.owner for stored in world.files.page(limit=9).files} == {BERT}
    world.bound(user_bytes=2 * SIZE)
    for _ in range(2):
        world.keep(ANNA, "outputs")


def test_what_was_removed_by_hand_is_not_counted(world: World) -> None:
    kept = [world.keep(ANNA) for _ in range(2)]
    kept[0].path.unlink()
    world.keep(ANNA)
    with pytest.raises(StorageFull):
        world.keep(ANNA)
