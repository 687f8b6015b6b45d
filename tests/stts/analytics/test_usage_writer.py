"""Usage on its way: added up in memory, written once, and never lost from the sums."""

from __future__ import annotations

import asyncio

import pytest

from stts.analytics import usage_writer
from stts.analytics.usage import DAY, NO_KEY, OTHER, HourKey, UsageKey, UsageSums
from stts.analytics.usage_writer import EXPIRE_SECONDS, UsageWriter
from stts.errors import DatabaseAway
from tests.patient import PATIENCE
from tests.stts.access.keys import Clock
from tests.stts.analytics.usages import MemoryUsage, record, until

NOON = 20_000 * DAY + 43_200.0


class World:
    def __init__(self) -> None:
        self.store, self.clock, self.monotonic = MemoryUsage(), Clock(NOON), Clock(5.0)
        self.writer = UsageWriter(self.store.open, lambda: 30, clock=self.clock, monotonic=self.monotonic)
        self.finished = self.writer.operation_finished


@pytest.fixture
def world() -> World:
    return World()


async def test_operations_of_one_row_are_added_up(world: World) -> None:
    world.finished(record())
    world.finished(record(status="error", code="busy", characters=1, audio_seconds=0.0))
    world.finished(record(status="cancelled", bytes=0))
    await world.writer.write()
    key = UsageKey(20_000, "laptop", "anna", "tone", "low", "en", "tts")
    sums = UsageSums(operations=3, errors=1, cancelled=1, characters=19, seconds_out=5.0, bytes=16)
    assert world.store.rows == {key: sums}
    assert world.store.hour_rows == {HourKey(480_012, "tts"): sums}
    assert world.writer.waiting == 0


async def test_rows_are_told_apart_by_all_their_names_and_by_day(world: World) -> None:
    world.finished(record())
    for name, value in {"type": "stt", "engine": "echo", "voice": "high", "language": "de"}.items():
        world.finished(record(**{name: value}))
    world.finished(record("desk"))
    world.finished(record(None, user_id=None))
    world.clock.now += DAY
    world.finished(record())
    await world.writer.write()
    assert len(world.store.rows) == 8
    assert next(key for key in world.store.rows if key.key_id == NO_KEY).user_id == NO_KEY


async def test_audio_heard_and_spoken(world: World) -> None:
    world.finished(record(type="stt", audio_seconds=4.0))
    world.finished(record(type="conversation", audio_seconds=3.0, heard_seconds=1.5))
    await world.writer.write()
    seconds = {key.kind: (sums.seconds_in, sums.seconds_out) for key, sums in world.store.rows.items()}
    assert seconds == {"stt": (4.0, 0.0), "conversation": (1.5, 3.0)}


async def test_nothing_opens_the_database_before_there_is_something_to_write(world: World) -> None:
    await world.writer.write()
    assert world.store.opened == 0


async def test_a_database_that_is_away_loses_nothing(world: World) -> None:
    world.store.is_away = True
    for number in range(100):
        world.finished(record(f"key {number % 7}"))
        if number % 10 == 0:
            with pytest.raises(DatabaseAway):
                await world.writer.write()
    assert world.writer.waiting == 100 and world.store.operations == 0
    world.store.is_away = False
    await world.writer.write()
    assert world.store.operations == 100 and len(world.store.rows) == 7 and world.writer.waiting == 0
    assert sum(sums.operations for sums in world.store.hour_rows.values()) == 100


async def test_a_batch_whose_answer_was_lost_counts_once(world: World) -> None:
    world.store.loses_answers = 2
    world.finished(record())
    for _ in range(2):
        with pytest.raises(DatabaseAway):
            await world.writer.write()
        world.finished(record())
    await world.writer.write()
    assert world.store.operations == 3 and world.writer.waiting == 0


async def test_rows_beyond_the_bound_are_added_up_without_their_names(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage_writer, "WAITING_ROWS", 10)
    world.store.is_away = True
    for number in range(50):
        world.finished(record(f"key {number}", type=("tts", "stt")[number % 2]))
    world.finished(record("key 3", type="stt"))
    world.store.is_away = False
    await world.writer.write()
    assert world.store.operations == 51 and len(world.store.rows) == 12
    other = {key.kind: sums.operations for key, sums in world.store.rows.items() if key.key_id == OTHER}
    assert other == {"tts": 20, "stt": 20}
    assert sum(sums.characters for sums in world.store.rows.values()) == 51 * 9


async def test_many_rows_are_written_in_parts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_writer, "BATCH_ROWS", 4)
    for number in range(10):
        world.finished(record(f"key {number}"))
    await world.writer.write()
    assert world.store.batches == 3 and world.store.operations == 10
    assert sum(sums.operations for sums in world.store.hour_rows.values()) == 10


async def test_operations_that_end_during_a_write_wait_for_the_next(world: World) -> None:
    """Under load one always does: a writer that waits for the last one never rests."""
    world.store.on_add = lambda: world.finished(record()) if world.store.batches < 5 else None
    world.finished(record())
    await world.writer.write()
    assert (world.store.batches, world.store.operations, world.writer.waiting) == (1, 1, 1)
    await world.writer.write()
    assert (world.store.batches, world.store.operations, world.writer.waiting) == (2, 2, 1)


async def test_old_days_are_removed_now_and_then(world: World) -> None:
    for _ in range(3):
        world.finished(record())
        await world.writer.write()
    assert world.store.removed == [20_000 - 30]
    world.monotonic.now += EXPIRE_SECONDS
    world.clock.now += DAY
    world.finished(record())
    await world.writer.write()
    assert world.store.removed == [19_970, 19_971]


async def test_two_who_write_at_once_write_each_row_once(world: World) -> None:
    for number in range(10):
        world.finished(record(f"key {number}"))
    await asyncio.gather(world.writer.write(), world.writer.write())
    assert world.store.operations == 10


async def test_it_writes_by_itself_and_goes_on_after_an_outage(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_writer, "WRITE_SECONDS", 0)
    world.store.is_away = True
    running = asyncio.create_task(world.writer.run())
    try:
        async with asyncio.timeout(PATIENCE):
            world.finished(record())
            await until(lambda: world.store.opened == 3)
            world.store.is_away = False
            await until(lambda: not world.writer.waiting)
        assert world.store.operations == 1
    finally:
        running.cancel()
        await asyncio.wait([running])
