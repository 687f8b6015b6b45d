"""Keys and users in the database, on both kinds."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import Update, text, update
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from stts.access.directory import KeyDirectory
from stts.access.key_text import KeyText
from stts.access.keys import AccessKey, DataRemoval, KeyChanged, KeyLimits, KeyStore, PriorityClass, User
from stts.access.principal import key_holder
from stts.access.roles import Role
from stts.errors import DatabaseUnusable, NotFound
from stts.storage.database.revisions import next_revision
from stts.storage.database.stores import Stores
from stts.storage.database.tables import access_keys, users
from tests.patient import PATIENCE

ANNA = User("anna", "Anna; DROP TABLE users", 1_000_000.25)


def key(name: str = "laptop", **values: object) -> AccessKey:
    new = KeyText.new()
    made = AccessKey(
        id=new.id, user_id=ANNA.id, name=name, role=Role.WRITE, secret_hash=new.hash, created_at=1_000_000.5
    )
    return replace(made, **values)  # type: ignore[arg-type]


@pytest.fixture
async def anna(stores: Stores) -> User:
    await stores.users.add(ANNA)
    return ANNA


async def test_a_user_comes_back_as_it_was(stores: Stores, anna: User) -> None:
    assert await stores.users.find("anna") == ANNA
    assert await stores.users.find("' OR 1=1 --") is None
    assert await stores.users.all() == [ANNA]
    assert await stores.users.all(after="anna") == []


@pytest.mark.usefixtures("anna")
async def test_a_key_comes_back_as_it_was(stores: Stores) -> None:
    made = key(
        priority=PriorityClass.BATCH,
        previous_hash=bytes(range(32)),
        previous_until=2_000_000.125,
        expires_at=3_000_000.0,
        allowed_addresses=("10.0.0.0/8", "::1"),
        allowed_engines=("hibari",),
        allowed_voices=("Ünï",),
        cache=False,
        limits=KeyLimits(requests_per_minute=60, characters_per_month=0),
    )
    await stores.keys.add(made)
    assert await stores.keys.find(made.id) == made
    assert made.secret_hash.hex() not in repr(made)


async def test_a_key_needs_a_living_user(stores: Stores, anna: User) -> None:
    with pytest.raises(NotFound):
        await stores.keys.add(key(user_id="nobody"))
    await stores.users.delete(anna.id, 5.0)
    with pytest.raises(NotFound):
        await stores.keys.add(key())


@pytest.mark.usefixtures("anna")
async def test_two_who_change_one_key_at_once(stores: Stores) -> None:
    made = key()
    await stores.keys.add(made)
    changes = [replace(made, name="first"), replace(made, name="second")]
    results = await asyncio.gather(*map(stores.keys.change, changes), return_exceptions=True)
    (taken,) = (each for each in results if isinstance(each, AccessKey))
    (refused,) = (each for each in results if isinstance(each, KeyChanged))
    assert taken.version == 2 and refused.newer == taken == await stores.keys.find(made.id)
    with pytest.raises(NotFound):
        await stores.keys.change(key())


async def test_deleting_a_user_revokes_the_keys(stores: Stores, anna: User) -> None:
    keys = [key(str(number)) for number in range(3)]
    for each in keys:
        await stores.keys.add(each)
    assert sorted(await stores.users.delete(anna.id, 10.0)) == sorted(each.id for each in keys)
    assert all(each.revoked_at == 10.0 for each in await stores.keys.all(user_id=anna.id))
    with pytest.raises(NotFound):
        await stores.users.delete(anna.id, 11.0)


@pytest.mark.usefixtures("anna")
async def test_changes_are_found_by_revision(stores: Stores) -> None:
    first, second = key("first"), key("second")
    await stores.keys.add(first)
    seen = await stores.keys.changed_after(0)
    assert [each.id for each in seen.keys] == [first.id]
    await stores.keys.add(second)
    await stores.keys.used({first.id: 99.0})
    later = await stores.keys.changed_after(seen.revision)
    assert [each.id for each in later.keys] == [second.id]
    assert (await stores.keys.changed_after(later.revision)).keys == ()
    used = await stores.keys.find(first.id)
    assert used is not None and used.last_used_at == 99.0 and used.version == 1


async def test_removals_of_data_are_among_the_changes(
    stores: Stores, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stts.storage.database.keys.CHANGED_AT_ONCE", 2)
    with pytest.raises(NotFound):
        await stores.users.remove_data(DataRemoval("nobody", 5.0))
    await stores.users.add(User("bert", "Bert", 1.0))
    await stores.users.remove_data(DataRemoval(anna.id, 5.0))
    for number in range(3):
        await stores.keys.add(key(str(number)))
    await stores.users.remove_data(DataRemoval("bert", 6.0))
    await stores.users.remove_data(DataRemoval(anna.id, 7.0))
    taken: list[DataRemoval] = []

    async def store() -> KeyStore:
        return stores.keys

    directory = KeyDirectory(store, lambda: 600.0)
    directory.on_removal.append(taken.append)
    await directory.catch_up()
    assert taken == [DataRemoval("bert", 6.0), DataRemoval(anna.id, 7.0)]
    await directory.catch_up()
    await stores.users.delete(anna.id, 8.0)
    await stores.users.remove_data(DataRemoval(anna.id, 9.0))
    await directory.catch_up()
    assert taken[2:] == [DataRemoval(anna.id, 9.0)]


@pytest.mark.usefixtures("anna")
async def test_many_changes_are_read_in_parts(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stts.storage.database.keys.CHANGED_AT_ONCE", 2)
    made = [key(str(number)) for number in range(5)]
    for each in made:
        await stores.keys.add(each)
    seen, revision = [], 0
    while (changes := await stores.keys.changed_after(revision)).keys:
        seen += [each.id for each in changes.keys]
        revision = changes.revision
    assert seen == [each.id for each in made]


async def test_the_keys_of_a_deleted_user_are_read_in_parts(
    stores: Stores, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They share a revision."""
    monkeypatch.setattr("stts.storage.database.keys.CHANGED_AT_ONCE", 2)
    made = [key(str(number)) for number in range(5)]
    for each in made:
        await stores.keys.add(each)
    ended: list[str] = []

    async def store() -> KeyStore:
        return stores.keys

    directory = KeyDirectory(store, lambda: 600.0)
    await directory.catch_up()
    directory.on_end.append(ended.append)
    await stores.users.delete(anna.id, 10.0)
    await directory.catch_up()
    assert sorted(ended) == sorted(each.id for each in made)
    last = key("another", user_id="bert")
    await stores.users.add(User("bert", "Bert", 1.0))
    await stores.keys.add(last)
    await directory.catch_up()
    assert directory.current(key_holder(last)) is not None


async def test_a_key_is_not_made_for_a_user_who_is_being_deleted(
    stores: Stores, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    if stores.database.address.is_embedded:
        pytest.skip("SQLite has one writer")
    reached = asyncio.Event()

    async def counted(connection: AsyncConnection) -> int:
        reached.set()
        return await next_revision(connection)

    monkeypatch.setattr("stts.storage.database.keys.next_revision", counted)
    async with stores.database.writing() as connection:
        await next_revision(connection)
        adding = asyncio.create_task(stores.keys.add(key()))
        await asyncio.wait_for(reached.wait(), PATIENCE)
        await connection.execute(update(users).where(users.c.id == anna.id).values(deleted_at=5.0))
    with pytest.raises(NotFound):
        await adding


async def test_deleting_a_user_and_writing_last_uses_do_not_wait_for_each_other(stores: Stores, anna: User) -> None:
    if stores.database.address.is_embedded:
        pytest.skip("SQLite has one writer")
    second, first = sorted((key("a"), key("b")), key=lambda each: each.id, reverse=True)
    for each in (second, first):
        await stores.keys.add(each)
    async with stores.database.writing() as connection:
        await connection.execute(_use(first))
        deleting = asyncio.create_task(stores.users.delete(anna.id, 10.0))
        await asyncio.wait_for(_somebody_waits(stores), PATIENCE)
        await connection.execute(_use(second))
    assert await deleting == [first.id, second.id]


def _use(used: AccessKey) -> Update:
    return update(access_keys).where(access_keys.c.id == used.id).values(last_used_at=7.0)


async def _somebody_waits(stores: Stores) -> None:
    """Returns when one connection waits for another's lock."""
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    while True:
        async with stores.database.reading() as connection:
            if (await connection.execute(waiting)).scalar_one():
                return


@pytest.mark.usefixtures("anna")
async def test_keys_are_listed_in_pages(stores: Stores) -> None:
    made = sorted([key(str(number)) for number in range(5)], key=lambda each: each.id)
    for each in made:
        await stores.keys.add(each)
    first = await stores.keys.all(most=3)
    assert first == made[:3]
    assert await stores.keys.all(after=first[-1].id, most=3) == made[3:]


@pytest.mark.usefixtures("anna")
async def test_many_writers_at_once(stores: Stores) -> None:
    made = [key(str(number)) for number in range(30)]
    await asyncio.gather(*map(stores.keys.add, made))
    assert len(await stores.keys.all()) == 30
    assert (await stores.keys.changed_after(0)).revision == 30


async def test_the_first_key_is_made_once(stores: Stores) -> None:
    firsts = [(User(f"admin{number}", "admin", 1.0), key(user_id=f"admin{number}")) for number in range(5)]
    made = await asyncio.gather(*(stores.keys.add_first(*each) for each in firsts))
    assert sorted(made) == [False, False, False, False, True]
    (only,) = await stores.keys.all()
    assert [each.id for each in await stores.users.all()] == [only.user_id]
    again = next(each for each, kept in zip(firsts, made, strict=True) if kept)
    assert await stores.keys.add_first(*again), "the answer to a first try may have been lost"
    assert len(await stores.keys.all()) == len(await stores.users.all()) == 1
    await stores.keys.change(replace(only, revoked_at=2.0))
    assert await stores.keys.add_first(User("late", "admin", 3.0), key(user_id="late", created_at=3.0))


@pytest.mark.usefixtures("anna")
async def test_a_limit_that_a_newer_server_has_written_is_left_aside(stores: Stores) -> None:
    made = key(limits=KeyLimits(sessions=3))
    await stores.keys.add(made)
    async with stores.database.writing() as connection:
        await connection.execute(update(access_keys).values(limits={"sessions": 3, "thoughts_per_day": 7}))
    with capture_logs() as logs:
        assert await stores.keys.find(made.id) == made
        assert list((await stores.keys.changed_after(0)).keys) == [made]
    assert logs[0]["event"] == "key_limits_unknown" and logs[0]["limits"] == ["thoughts_per_day"]


@pytest.mark.usefixtures("anna")
@pytest.mark.parametrize("values", [{"role": 9}, {"priority": "urgent"}])
async def test_a_key_that_nobody_understands_is_told_and_the_others_are_read(
    stores: Stores, values: dict[str, object]
) -> None:
    newer, other = key("newer"), key("other")
    await stores.keys.add(newer)
    await stores.keys.add(other)
    async with stores.database.writing() as connection:
        await connection.execute(update(access_keys).where(access_keys.c.id == newer.id).values(values))
    with capture_logs() as logs:
        changes = await stores.keys.changed_after(0)
    assert (list(changes.keys), list(changes.unreadable)) == ([other], [newer.id])
    assert [(line["event"], line["key"]) for line in logs] == [("key_unreadable", newer.id)]
    assert await stores.keys.find(newer.id) is None and await stores.keys.all() == [other]


async def test_a_missing_right_is_told_as_such(stores: Stores) -> None:
    address = stores.database.address
    if address.is_embedded:
        pytest.skip("SQLite knows no rights")
    name = f"limited_{address.url.rpartition('/')[2]}"
    async with stores.database.writing() as connection:
        await connection.execute(text(f"CREATE ROLE {name} LOGIN"))
    user, host = address.url.split("@")
    limited = Stores.over(replace(address, url=f"{user.partition('://')[0]}://{name}@{host}"))
    with pytest.raises(DatabaseUnusable, match="InsufficientPrivilege"):
        await limited.keys.changed_after(0)
    await limited.database.close()
