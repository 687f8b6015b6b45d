"""Windows beyond memory are answered from the usage that is kept, with what memory knows beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from stts.analytics.history import History, Tally
from stts.analytics.long_history import Group, LongHistory
from stts.analytics.record import OperationRecord
from stts.analytics.usage import DAY, HOUR
from stts.analytics.usage_writer import UsageWriter
from stts.errors import DatabaseAway, InvalidParameter
from tests.stts.access.keys import Clock
from tests.stts.analytics.usages import RECORD, MemoryUsage

NOON = 20_000 * DAY + 12.0 * HOUR
DONE = replace(RECORD, queue=0.1, first_item=0.2, total=1.0)
FAILED = replace(DONE, status="error", code="busy")


class World:
    """A server that was restarted ten minutes before noon, and its usage of the days before."""

    def __init__(self) -> None:
        self.clock, self.store = Clock(NOON - 600), MemoryUsage()
        self.history = History(60, self.clock)
        self.long = LongHistory(self.history, self.store.open)
        self.clock.now = NOON
        self.writer = UsageWriter(self.store.open, lambda: 400, clock=self.clock)

    async def used(self, *records: OperationRecord, days_ago: int) -> None:
        self.clock.now = NOON - days_ago * DAY
        for record in records:
            self.writer.operation_finished(record)
            if not days_ago:
                self.history.operation_finished(record)
        await self.writer.write()
        self.clock.now = NOON


@pytest.fixture
async def world() -> World:
    world = World()
    await world.used(DONE, DONE, FAILED, days_ago=3)
    await world.used(DONE, replace(DONE, labels=DONE.labels._replace(language="de")), days_ago=1)
    await world.used(DONE, FAILED, replace(DONE, status="cancelled"), days_ago=0)
    return world


def total(groups: Mapping[Group, Tally]) -> Tally:
    found = Tally()
    for tally in groups.values():
        found.merge(tally)
    return found


async def test_a_window_beyond_memory_is_of_whole_days(world: World) -> None:
    found = await world.long.window(2 * DAY, "language")
    sums = total(found.groups)
    assert (sums.operations, sums.completed, sums.cancelled, sums.errors) == (5, 3, 1, {"busy": 1})
    assert (sums.audio_seconds, sums.characters, sums.bytes) == (12.5, 45, 40)
    assert sums.total.total == 3, "only memory knows latencies"
    assert {group.name for group in found.groups} == {"en", "de"}
    assert (found.seconds, found.since) == (2 * DAY + 12 * HOUR, 19_997 * DAY)


async def test_errors_beyond_memory_have_no_codes(world: World) -> None:
    sums = total((await world.long.window(3 * DAY, "language")).groups)
    assert sums.operations == 8 and sums.errors == {"busy": 1, "other": 1}


async def test_a_window_that_memory_holds_is_of_memory(world: World) -> None:
    opened = world.store.opened
    found = await world.long.window(3600, "language")
    assert total(found.groups).operations == 3 and found.seconds == 3600
    assert found.since == world.history.since and world.store.opened == opened


async def test_where_usage_is_not_kept_memory_answers(world: World) -> None:
    found = await LongHistory(world.history).window(7 * DAY, "language")
    assert total(found.groups).operations == 3 and found.seconds == 3600


async def test_a_database_that_is_away_is_told(world: World) -> None:
    world.store.is_away = True
    with pytest.raises(DatabaseAway):
        await world.long.window(7 * DAY, "language")
    assert total((await world.long.window(60, "language")).groups).operations == 3


async def test_what_is_not_written_yet_does_no_harm(world: World) -> None:
    world.history.operation_finished(FAILED)
    sums = total((await world.long.window(DAY, "language")).groups)
    assert sums.operations == 5 and sum(sums.errors.values()) == 1


async def test_steps_beyond_memory_are_of_whole_hours(world: World) -> None:
    found = await world.long.steps(2 * DAY, 6000, 1500)
    assert found.step_seconds == 2 * HOUR and found.first == NOON - 2 * DAY and found.count == 25
    assert {number: tally.operations for number, tally in found.tallies.items()} == {12: 2, 24: 3}
    assert found.tallies[24].errors == {"busy": 1} and found.tallies[24].total.total == 3


async def test_steps_are_bounded(world: World) -> None:
    with pytest.raises(InvalidParameter, match="longer step"):
        await world.long.steps(100 * DAY, HOUR, 1500)


async def test_a_window_longer_than_time(world: World) -> None:
    found = await world.long.window(9_999_999 * DAY, "language")
    assert total(found.groups).operations == 8 and found.seconds == NOON
