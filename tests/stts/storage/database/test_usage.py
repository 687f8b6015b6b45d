"""Usage in the database, on both kinds: added up by whoever writes, read by any grouping, removed by age."""

from __future__ import annotations

import asyncio

import pytest

from stts.analytics.usage import DAY, HourKey, UsageBatch, UsageKey, UsageQuery, UsageSums
from stts.analytics.usage_writer import UsageWriter
from stts.errors import DatabaseAway
from stts.storage.database.address import DatabaseAddress
from stts.storage.database.stores import Stores
from stts.storage.database.usage import Usage
from tests.patient import PATIENCE
from tests.postgres import PostgreSQL
from tests.stts.access.keys import Clock
from tests.stts.analytics.usages import record, until
from tests.stts.storage.database.usages import DAY_ONE, batch, key, sums, total


async def test_batches_add_up(stores: Stores) -> None:
    await stores.usage.add(batch({key(): sums(2), key(key_id="desk"): sums(5)}))
    await stores.usage.add(batch({key(): sums(3)}, writer="two"))
    groups = await stores.usage.sums(UsageQuery(DAY_ONE), ("key_id",), most=10)
    assert [(each.by, each.sums) for each in groups] == [
        (("desk",), sums(5)),
        (("laptop",), UsageSums(5, 2, 4, 6, 1.0, 2.5, 0, 2**41)),
    ]


async def test_a_batch_that_was_added_before_changes_nothing(stores: Stores) -> None:
    first, second = batch({key(): sums()}, number=1), batch({key(): sums()}, number=2)
    for each in (first, first, second, first, second):
        await stores.usage.add(each)
    assert await total(stores.usage) == 2
    assert (await stores.usage.hours(0))[DAY_ONE * 24 + 5].operations == 2


async def test_rows_are_told_apart_by_the_listener_that_they_came_by(stores: Stores) -> None:
    await stores.usage.add(batch({key(listener="piper"): sums(2), key(listener="default"): sums(3), key(): sums(5)}))
    groups = await stores.usage.sums(UsageQuery(DAY_ONE), ("listener",), most=10)
    assert [(each.by, each.sums.operations) for each in groups] == [(("default",), 3), (("none",), 5), (("piper",), 2)]
    groups = await stores.usage.sums(UsageQuery(DAY_ONE, listener="piper"), (), most=10)
    assert [each.sums.operations for each in groups] == [2]


async def test_sums_by_any_columns_and_days(stores: Stores) -> None:
    rows = {
        key(): sums(1),
        key(DAY_ONE + 1): sums(2),
        key(DAY_ONE + 1, kind="stt", voice="none"): sums(4),
        key(DAY_ONE + 2, "phone", user_id="berta"): sums(8),
    }
    await stores.usage.add(batch(rows))

    async def found(query: UsageQuery, *columns: str) -> dict[tuple[int | str, ...], int]:
        groups = await stores.usage.sums(query, columns, most=100)  # type: ignore[arg-type]
        return {each.by: each.sums.operations for each in groups}

    assert await found(UsageQuery(0), "day") == {(DAY_ONE,): 1, (DAY_ONE + 1,): 6, (DAY_ONE + 2,): 8}
    assert await found(UsageQuery(0), "user_id", "kind") == {
        ("anna", "stt"): 4,
        ("anna", "tts"): 3,
        ("berta", "tts"): 8,
    }
    assert await found(UsageQuery(DAY_ONE + 1, DAY_ONE + 1), "kind") == {("stt",): 4, ("tts",): 2}
    assert await found(UsageQuery(0, user_id="anna")) == {(): 7}
    assert await found(UsageQuery(0, key_id="phone")) == {(): 8}
    assert await found(UsageQuery(0, key_id="' OR 1=1 --")) == {}
    assert len(await stores.usage.sums(UsageQuery(0), ("day", "kind"), most=3)) == 3
    assert await stores.usage.first_day() == DAY_ONE


async def test_nothing_yet(stores: Stores) -> None:
    assert await stores.usage.sums(UsageQuery(0), (), most=10) == []
    assert await stores.usage.sums(UsageQuery(0), ("day",), most=10) == []
    assert await stores.usage.first_day() is None
    assert await stores.usage.hours(0) == {}


async def test_hours_in_steps(stores: Stores) -> None:
    hours = {HourKey(100 + number, kind): sums() for number in range(7) for kind in ("tts", "stt")}
    await stores.usage.add(UsageBatch("one", 1, {}, hours))
    assert {step: found.operations for step, found in (await stores.usage.hours(101, step=3)).items()} == {0: 6, 1: 6}
    assert {step: found.operations for step, found in (await stores.usage.hours(104, kind="stt")).items()} == {
        0: 1,
        1: 1,
        2: 1,
    }


async def test_hours_by_listener(stores: Stores) -> None:
    hours = {
        HourKey(100, "tts", "main"): sums(2),
        HourKey(100, "tts", "old"): sums(3),
        HourKey(101, "stt", "old"): sums(4),
    }
    await stores.usage.add(UsageBatch("one", 1, {}, hours))

    async def found(listener: str | None = None, kind: str | None = None) -> dict[int, int]:
        hours = await stores.usage.hours(100, listener=listener, kind=kind)
        return {hour: each.operations for hour, each in hours.items()}

    assert await found() == {0: 5, 1: 4}
    assert await found(listener="old") == {0: 3, 1: 4}
    assert await found(listener="old", kind="stt") == {1: 4}
    assert await found(listener="nobody") == {}
    await stores.usage.remove_before(5)
    assert await found() == await found(listener="old") == {}


async def test_old_days_are_removed(stores: Stores) -> None:
    await stores.usage.add(batch({key(DAY_ONE + day): sums() for day in range(5)}))
    await stores.usage.remove_before(DAY_ONE + 3)
    assert await stores.usage.first_day() == DAY_ONE + 3 and await total(stores.usage) == 2
    assert len(await stores.usage.hours(0)) == 2


async def test_names_that_no_database_takes_are_kept_as_well_as_can_be(stores: Stores) -> None:
    odd = {"a\0b": 1, "a?b": 2, "v" * 5000: 4, "\udc80": 8, "Ünï 🎵'; DROP TABLE usage; --": 16}
    await stores.usage.add(batch({key(voice=voice): sums(operations) for voice, operations in odd.items()}))
    groups = await stores.usage.sums(UsageQuery(0), ("voice",), most=10)
    assert {each.by[0]: each.sums.operations for each in groups} == {
        "a?b": 3,
        "v" * 200: 4,
        "?": 8,
        "Ünï 🎵'; DROP TABLE usage; --": 16,
    }


async def test_writers_at_once_on_the_same_rows(address: DatabaseAddress) -> None:
    """Each writer names the rows in another order, over connections of its own."""
    opened = [Stores.over(address) for _ in range(4)]
    await opened[0].database.migrate()
    keys = [key(key_id=f"key {number}") for number in range(40)]
    orders = [keys, keys[::-1], keys[20:] + keys[:20], keys[::3] + keys[1::3] + keys[2::3]]

    async def write(stores: Stores, order: list[UsageKey], writer: str) -> None:
        for number in range(1, 6):
            await stores.usage.add(batch({each: sums() for each in order}, writer, number))

    await asyncio.gather(
        *(write(each, order, str(index)) for index, (each, order) in enumerate(zip(opened, orders, strict=True)))
    )
    groups = await opened[0].usage.sums(UsageQuery(0), ("key_id",), most=100)
    assert [each.sums.operations for each in groups] == [20] * 40
    for each in opened:
        await each.database.close()


async def test_a_write_that_is_cancelled_is_whole_or_not_there(stores: Stores) -> None:
    clock = Clock(DAY_ONE * DAY + 1.0)

    async def store() -> Usage:
        return stores.usage

    writer = UsageWriter(store, lambda: 10_000, clock=clock)
    for turn in range(20):
        writer.operation_finished(record(f"key {turn}"))
        writing = asyncio.create_task(writer.write())
        for _ in range(turn):
            await asyncio.sleep(0)
        writing.cancel()
        await asyncio.wait([writing])
    await writer.write()
    assert await total(stores.usage) == 20 and writer.waiting == 0


@pytest.mark.socket
async def test_a_server_that_is_killed_while_usage_is_written(postgres: PostgreSQL) -> None:
    stores = Stores.over(DatabaseAddress(None, postgres.new_database(), PATIENCE))
    await stores.database.migrate()

    async def store() -> Usage:
        return stores.usage

    writer = UsageWriter(store, lambda: 10_000)
    done = 0

    async def work() -> None:
        nonlocal done
        while True:
            writer.operation_finished(record(f"key {done % 50}"))
            done += 1
            try:
                await writer.write()
            except DatabaseAway:
                await asyncio.sleep(0)

    async with asyncio.timeout(PATIENCE):
        working = asyncio.create_task(work())
        for _ in range(3):
            seen = done
            await until(lambda: done > seen + 20 and stores.database.away_since is None)  # noqa: B023
            await asyncio.to_thread(postgres.kill)
            await until(lambda: stores.database.away_since is not None)
            await asyncio.to_thread(postgres.start)
        working.cancel()
        await asyncio.wait([working])
        while writer.waiting:
            try:
                await writer.write()
            except DatabaseAway:
                await asyncio.sleep(0)
    assert await total(stores.usage) == done
    await stores.database.close()
