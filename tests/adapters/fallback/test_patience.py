"""Silence of an engine at work is what counts: not its queue, not its load, not what it waits for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

from adapters.fallback.patience import Patience
from adapters.health.instance import InstanceHealth
from stts.settings import RoutingSettings

ROUTING = RoutingSettings(first_seconds=20, load_seconds=60)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class House:
    def __init__(self, state: str = "ready") -> None:
        self.clock = Clock()
        self.health = InstanceHealth("a", "tts", self.clock)
        self.health.statistics.first(1.0)
        limits = SimpleNamespace(max_seconds=30.0)
        self.instance = SimpleNamespace(state=state, real_time_factor=None, info=SimpleNamespace(limits=limits))
        self.owner = object()
        self.patience = Patience(cast(Any, self.instance), self.health, self.owner, ROUTING)

    @asynccontextmanager
    async def queued(self) -> AsyncIterator[None]:
        """The attempt waits for a slot."""
        asked, free = asyncio.Event(), asyncio.Event()

        @asynccontextmanager
        async def slot() -> AsyncIterator[Any]:
            asked.set()
            await free.wait()
            yield None

        async def wait() -> None:
            async with self.health.waited(self.owner, slot()):
                pass

        waiting = asyncio.create_task(wait())
        await asked.wait()
        yield
        free.set()
        await waiting

    def left(self, at: float, *, long: bool = False) -> float:
        self.clock.now = 100.0 + at
        return self.patience.left(long=long)


def test_an_engine_that_is_not_at_work_is_waited_for() -> None:
    house = House()
    assert house.left(0) == 20
    assert house.left(500) == 20, "the text is still being written, or the recording is being searched"


def test_silence_counts_from_the_beginning_of_the_call() -> None:
    house = House()
    house.clock.now = 110.0
    with house.health.call(house.owner, cast(Any, None), first=True):
        assert house.left(15) == 15
        assert house.left(30) == 0


async def test_an_attempt_in_the_queue_of_an_engine_that_hangs_waits_no_longer_than_at_work() -> None:
    house = House()
    house.clock.now = 0.0
    with house.health.call(object(), cast(Any, None), first=True):
        async with house.queued():
            assert house.left(0) == 20
            assert house.left(19) == 1
            assert house.left(20) == 0


async def test_a_queue_that_moves_is_waited_for() -> None:
    house = House()
    with house.health.call(object(), cast(Any, None), first=False) as call:
        house.clock.now = 130.0
        call.item()
        async with house.queued():
            assert house.left(40) == 10


async def test_an_attempt_that_wants_nothing_of_the_engine_has_no_part_in_what_others_suffer() -> None:
    house = House()
    house.clock.now = 0.0
    with house.health.call(object(), cast(Any, None), first=True):
        assert house.left(500) == 20, "its text is still being written, or its recording is being searched"
        async with house.queued():
            assert house.left(500) == 0
        assert house.left(500) == 20


def test_one_that_hangs_among_others_that_work_is_found_out() -> None:
    house = House()
    own = house.health.call(house.owner, cast(Any, None), first=True)
    with own, house.health.call(object(), cast(Any, None), first=False) as other:
        house.clock.now = 119.0
        other.item()
        assert house.left(20) == 0


def test_a_load_has_its_own_limit_and_silence_counts_after_it() -> None:
    house = House("loading")
    assert house.left(0) == 1
    assert house.left(59.5) == 0.5
    assert house.left(60) == 0
    house = House("loading")
    assert house.left(50) == 1
    house.instance.state = "ready"
    house.clock.now = 151.0
    with house.health.call(house.owner, cast(Any, None), first=True):
        assert house.left(60) == 11


def test_an_engine_that_is_slow_by_nature_is_borne_with() -> None:
    house = House()
    house.health.statistics.first_seconds = 25.0
    assert house.left(0) == 75


def test_one_that_was_never_heard_has_longer() -> None:
    house = House()
    house.health.statistics.first_seconds = None
    assert house.left(0) == 60


def test_one_that_makes_long_pieces_has_the_time_that_the_longest_takes() -> None:
    house = House()
    assert house.left(0, long=True) == 20, "its speed is not known"
    house.instance.real_time_factor = 0.1
    assert house.left(0, long=True) == 20, "it is fast"
    house.instance.real_time_factor = 4.0
    assert (house.left(0), house.left(0, long=True)) == (20, 360)
