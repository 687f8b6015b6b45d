"""The keys in memory: found without the database, followed, and never trusted for longer than they may be."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from stts.access import directory as directory_module
from stts.access.directory import FOLLOW_SECONDS, USE_SECONDS, KeyDirectory
from stts.access.key_text import KeyText
from stts.access.principal import key_holder
from stts.errors import DatabaseAway
from tests.patient import PATIENCE
from tests.stts.access.keys import Clock, MemoryKeys, new_key

GRACE = 600.0


class World:
    """A directory over a store in memory."""

    def __init__(self) -> None:
        self.store = MemoryKeys()
        self.clock, self.monotonic = Clock(), Clock(5.0)
        self.directory = KeyDirectory(self.store.opened, lambda: GRACE, clock=self.clock, monotonic=self.monotonic)
        self.ended: list[str] = []
        self.directory.on_end.append(self.ended.append)
        self.text = KeyText.new()
        self.store.put(new_key(self.text))
        self.opened_with = new_key(self.text)
        """The key of something that is open."""
        self.directory.in_use.append(lambda: [self.opened_with])

    def wrong(self) -> KeyText:
        """The right id with another secret."""
        return KeyText.new(self.text.id)


@pytest.fixture
def world() -> World:
    return World()


async def test_a_key_is_found_without_the_database(world: World) -> None:
    await world.directory.catch_up()
    found = await world.directory.find(world.text)
    assert found is not None and found.id == world.text.id
    assert world.store.lookups == 0


async def test_a_wrong_secret_takes_the_road_of_an_unknown_id(world: World) -> None:
    await world.directory.catch_up()
    assert await world.directory.find(world.wrong()) is None
    assert world.store.lookups == 1
    assert await world.directory.find(KeyText.new()) is None
    assert world.store.lookups == 2


async def test_a_key_that_another_server_made_is_found_at_once(world: World) -> None:
    await world.directory.catch_up()
    other = KeyText.new()
    world.store.put(new_key(other))
    assert await world.directory.find(other, look_up=False) is None
    assert await world.directory.find(other) is not None


async def test_a_key_that_another_server_revoked_ends(world: World) -> None:
    await world.directory.catch_up()
    world.store.put(replace(world.store.kept[world.text.id], revoked_at=1.0, version=2))
    await world.directory.catch_up()
    assert set(world.ended) == {world.text.id}
    assert await world.directory.find(world.text) is None


async def test_an_older_state_never_replaces_a_newer_one(world: World) -> None:
    await world.directory.catch_up()
    known = world.store.kept[world.text.id]
    world.directory.take(replace(known, revoked_at=1.0, version=3))
    world.directory.take(known)
    assert world.directory.current(key_holder(new_key(world.text))) is None


async def test_a_key_expires_to_the_second(world: World) -> None:
    world.store.put(new_key(world.text, expires_at=1010.0, version=2))
    await world.directory.catch_up()
    world.clock.now = 1009.9
    assert await world.directory.find(world.text) is not None and world.ended == []
    world.clock.now = 1010.0
    assert await world.directory.find(world.text) is None
    world.directory.end_dead()
    assert set(world.ended) == {world.text.id}


async def test_a_key_that_expires_while_the_database_is_away_ends_what_is_open(world: World) -> None:
    world.store.put(new_key(world.text, expires_at=1010.0, version=2))
    await world.directory.catch_up()
    world.store.is_away = True
    world.directory.end_dead()
    assert world.ended == []
    world.clock.now = 5000.0
    told = asyncio.Event()
    world.directory.on_end.append(lambda _: told.set())
    watching = asyncio.create_task(world.directory.watch())
    await asyncio.wait_for(told.wait(), PATIENCE)
    watching.cancel()
    assert world.ended == [world.text.id]


async def test_what_opened_as_its_key_ended_is_ended_too(world: World) -> None:
    await world.directory.catch_up()
    world.directory.take(new_key(world.text, revoked_at=1.0, version=2))
    world.ended.clear()
    world.directory.end_dead()
    assert world.ended == [world.text.id]


async def test_an_end_in_memory_needs_no_key_in_memory(world: World) -> None:
    world.opened_with = new_key(KeyText.new(), expires_at=999.0)
    world.directory.end_dead()
    assert world.ended == [world.opened_with.id]


async def test_a_key_that_nobody_understands_any_more_ends(world: World) -> None:
    await world.directory.catch_up()
    world.store.make_unreadable(world.text.id)
    await world.directory.catch_up()
    assert world.ended == [world.text.id]
    assert await world.directory.find(world.text) is None


async def test_the_secret_before_works_until_the_overlap_ends(world: World) -> None:
    newer = KeyText.new(world.text.id)
    world.store.put(
        new_key(world.text, secret_hash=newer.hash, previous_hash=world.text.hash, previous_until=1060.0, version=2)
    )
    await world.directory.catch_up()
    assert await world.directory.find(newer) is not None and await world.directory.find(world.text) is not None
    world.clock.now = 1060.0
    assert await world.directory.find(newer) is not None and await world.directory.find(world.text) is None


async def test_known_keys_work_on_while_the_database_is_away(world: World) -> None:
    await world.directory.catch_up()
    world.store.is_away = True
    world.monotonic.now += GRACE
    assert await world.directory.find(world.text) is not None
    with pytest.raises(DatabaseAway):
        await world.directory.find(world.wrong())
    with pytest.raises(DatabaseAway):
        await world.directory.find(KeyText.new())
    world.monotonic.now += 1.0
    with pytest.raises(DatabaseAway):
        await world.directory.find(world.text)
    world.store.is_away = False
    await world.directory.catch_up()
    assert await world.directory.find(world.text) is not None


async def test_last_uses_are_written_once_a_minute(world: World) -> None:
    await world.directory.catch_up()
    await world.directory.find(world.text)
    await world.directory.write_uses()
    assert world.store.uses == {}
    world.monotonic.now += USE_SECONDS
    await world.directory.write_uses()
    assert world.store.uses == {world.text.id: 1000.0}


async def test_last_uses_are_kept_while_the_database_is_away(world: World) -> None:
    await world.directory.catch_up()
    await world.directory.find(world.text)
    world.store.is_away = True
    with pytest.raises(DatabaseAway):
        await world.directory.close()
    world.store.is_away = False
    await world.directory.close()
    assert world.store.uses == {world.text.id: 1000.0}


async def test_last_uses_outlive_a_write_that_is_cancelled(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def forever(uses: object) -> None:
        await asyncio.Event().wait()

    await world.directory.catch_up()
    await world.directory.find(world.text)
    with monkeypatch.context() as hanging:
        hanging.setattr(world.store, "used", forever)
        world.monotonic.now += USE_SECONDS
        write = asyncio.create_task(world.directory.write_uses())
        await asyncio.sleep(0)
        write.cancel()
        await asyncio.gather(write, return_exceptions=True)
    await world.directory.close()
    assert world.store.uses == {world.text.id: 1000.0}


async def test_memory_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory_module, "MOST_KEYS", 2)
    others = [KeyText.new() for _ in range(2)]
    for each in others:
        world.store.put(new_key(each))
    await world.directory.catch_up()
    assert world.directory.current(key_holder(new_key(world.text))) is None
    assert await world.directory.find(world.text) is not None and world.store.lookups == 1


def test_following_is_quick_enough_for_a_revoked_key() -> None:
    assert FOLLOW_SECONDS * 2 < 5.0


async def test_a_holder_opens_again_while_its_key_is_the_same(world: World) -> None:
    await world.directory.catch_up()
    found = await world.directory.find(world.text)
    assert found is not None
    holder = key_holder(found, world.text.hash)
    assert world.directory.still_opens(holder)
    assert not world.directory.still_opens(replace(holder, secret_hash=world.wrong().hash))
    world.store.put(new_key(world.text, version=2, name="other"))
    await world.directory.catch_up()
    assert not world.directory.still_opens(holder), "whatever was changed of it is looked at"


async def test_a_holder_opens_nothing_after_its_key_expired(world: World) -> None:
    world.store.put(new_key(world.text, expires_at=1010.0, version=2))
    await world.directory.catch_up()
    found = await world.directory.find(world.text)
    assert found is not None
    world.clock.now = 1009.9
    assert world.directory.still_opens(key_holder(found, world.text.hash))
    world.clock.now = 1010.0
    assert not world.directory.still_opens(key_holder(found, world.text.hash))


async def test_a_holder_is_not_trusted_for_longer_than_keys_are(world: World) -> None:
    await world.directory.catch_up()
    found = await world.directory.find(world.text)
    assert found is not None
    world.monotonic.now += GRACE + 1
    assert not world.directory.still_opens(key_holder(found, world.text.hash))


async def test_a_holder_that_opens_again_has_used_its_key(world: World) -> None:
    await world.directory.catch_up()
    found = await world.directory.find(world.text)
    assert found is not None
    world.clock.now += 5
    world.directory.still_opens(key_holder(found, world.text.hash))
    await world.directory.close()
    assert world.store.uses == {world.text.id: world.clock.now}
