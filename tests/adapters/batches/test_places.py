"""Places of items at work: few in company, in turns among owners, and none for whoever has left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from adapters.batches.places import ItemPlaces
from stts.scheduling.yielding import COMPANY_SECONDS, Yielding
from stts.settings import JobSettings, Settings


class World:
    """Items that are at work until they are told to end."""

    def __init__(self, at_once: int = 2, beside: int = 1) -> None:
        settings = Settings(jobs=JobSettings(at_once=at_once, beside=beside))
        self.now = 100.0
        self.yielding = Yielding()
        self.places = ItemPlaces(lambda: settings, self.yielding, lambda: self.now)
        self.working: list[str] = []
        self.sent_away: list[str] = []
        self.ends: dict[str, asyncio.Event] = {}
        self.wanted = True
        self.leave_early: set[str] = set()
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def begin(self, name: str, owner: str | None = None) -> None:
        self.ends[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._work(name, owner))
        await settle()

    async def end(self, name: str) -> None:
        self.ends[name].set()
        await settle()

    async def look(self, seconds: float = 0.0) -> None:
        """Lets time pass, and does at once what a timer does by itself."""
        self.now += seconds
        self.places._look()
        await settle()

    async def _work(self, name: str, owner: str | None) -> None:
        async with self.places.place(owner, lambda: self.wanted) as place:
            if place is None:
                self.sent_away.append(name)
                return
            self.working.append(name)
            await self.ends[name].wait()
            self.working.remove(name)
            if name in self.leave_early:
                place.leave()
                await asyncio.Event().wait()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[World]:
        try:
            yield self
        finally:
            for task in self.tasks.values():
                task.cancel()
            await asyncio.wait(self.tasks.values())


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_as_many_work_at_once_as_the_settings_say() -> None:
    async with World().running() as world:
        for name in "abc":
            await world.begin(name)
        assert world.working == ["a", "b"]
        await world.end("a")
        assert world.working == ["b", "c"]


async def test_few_work_at_once_where_somebody_has_waited_lately() -> None:
    async with World().running() as world:
        for name in "abcd":
            await world.begin(name)
        world.yielding.begin()
        world.now += 0.1
        await world.end("a")
        world.yielding.end(world.now)
        await world.end("b")
        assert world.working == []
        await world.look(seconds=1.0)
        assert world.working == ["c"]
        await world.look(seconds=COMPANY_SECONDS)
        assert world.working == ["c", "d"]


async def test_owners_take_turns() -> None:
    async with World(at_once=1).running() as world:
        for name in ("a1", "a2", "a3"):
            await world.begin(name, "a")
        await world.begin("b1", "b")
        order = []
        for _ in range(4):
            (name,) = world.working
            order.append(name)
            await world.end(name)
        assert order == ["a1", "a2", "b1", "a3"]


async def test_whoever_wants_none_any_more_goes_without() -> None:
    async with World(at_once=1).running() as world:
        await world.begin("a")
        await world.begin("b")
        world.wanted = False
        await world.look()
        assert world.sent_away == ["b"]
        assert world.working == ["a"]


@pytest.mark.parametrize("granted", [False, True])
async def test_whoever_is_cancelled_leaves_no_place_taken(granted: bool) -> None:
    async with World(at_once=1).running() as world:
        await world.begin("a")
        await world.begin("b")
        if granted:
            # The place is given in the same turn of the loop as the cancellation.
            world.ends["a"].set()
            await asyncio.sleep(0)
        world.tasks["b"].cancel()
        await settle()
        await world.end("a")
        await world.begin("c")
        assert world.working == ["c"]


async def test_whoever_leaves_early_lets_another_in_once() -> None:
    async with World(at_once=1).running() as world:
        world.leave_early = {"a"}
        for name in "abc":
            await world.begin(name)
        await world.end("a")
        assert world.working == ["b"]
        world.tasks["a"].cancel()
        await settle()
        assert world.working == ["b"]
