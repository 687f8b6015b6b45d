"""Engines make room for each other and go when nobody uses them, but never at work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from adapters.execution.backends.inline import InlineBackend
from adapters.execution.instance import EngineInstance
from adapters.execution.memory import memory_of, own_memory
from adapters.residency import Residency, Resident
from stts.analytics.memory_metrics import MemoryMetrics
from stts.analytics.metrics import Metrics
from stts.settings import EngineSettings, InstanceSettings, Settings
from tests.adapters.execution.engines_under_test import until
from tests.fakes import registry
from tests.patience import PATIENCE

SIZE = 100


class House:
    """Three engines of a hundred bytes each, and a clock that a test moves."""

    def __init__(self, **settings: Any) -> None:
        places = {name: InstanceSettings(engine="tone") for name in "abc"}
        self.settings = Settings(engines=EngineSettings(instances=places, **settings))
        self.now = 0.0
        made = registry()
        self.engines: dict[str, EngineInstance[Any]] = {
            name: EngineInstance(name, made, lambda: self.settings, clock=lambda: self.now) for name in places
        }
        self.awaited: set[str] = set()
        self.gone: list[str] = []
        self.residency = Residency(
            lambda: [Resident(each, awaited=name in self.awaited) for name, each in self.engines.items()],
            lambda: self.settings,
            self.gone.append,
            clock=lambda: self.now,
        )
        for each in self.engines.values():
            self.residency.watch_loads(each)

    async def load(self, name: str) -> None:
        """One second after the last."""
        self.now += 1
        await self.engines[name].load()

    def loaded(self) -> str:
        return "".join(name for name, each in self.engines.items() if each.state == "ready")


@pytest.fixture
async def house(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., House]]:
    monkeypatch.setattr(InlineBackend, "memory", lambda backend: SIZE if backend.ready else 0)
    made: list[House] = []

    def make(**settings: Any) -> House:
        made.append(House(**settings))
        return made[-1]

    yield make
    for each in made:
        await asyncio.gather(*(engine.close() for engine in each.engines.values()))


async def test_the_one_that_was_idle_longest_makes_room(house: Callable[..., House]) -> None:
    rooms = house(memory_bytes=2 * SIZE)
    for name in "ab":
        await rooms.load(name)
        await rooms.residency.look()
    rooms.now += 1
    async with rooms.engines["a"].slot(0.0):
        pass
    await rooms.load("c")
    assert rooms.loaded() == "abc", "what a first load takes is not known before"
    await rooms.residency.look()
    assert rooms.loaded() == "ac"
    await rooms.load("b")
    assert rooms.loaded() == "bc", "from the second on there is room first"
    assert rooms.residency.unloads == {("a", "memory"): 1, ("b", "memory"): 1}
    assert rooms.gone == ["b", "a"]


async def test_without_a_bound_all_stay(house: Callable[..., House]) -> None:
    rooms = house()
    for name in "abc":
        await rooms.load(name)
    rooms.now += 1e9
    await rooms.residency.look()
    assert rooms.loaded() == "abc"
    assert rooms.residency.memory() == {"a": SIZE, "b": SIZE, "c": SIZE}


async def test_nothing_at_work_or_awaited_is_unloaded(house: Callable[..., House]) -> None:
    rooms = house()
    for name in "abc":
        await rooms.load(name)
    bounds = {"memory_bytes": 1, "idle_seconds": 1.0}
    rooms.settings = Settings(engines=rooms.settings.engines.model_copy(update=bounds))
    rooms.awaited = {"b"}
    rooms.now += 100
    async with rooms.engines["a"].slot(0.0):
        await rooms.residency.look()
        assert rooms.loaded() == "ab"
    rooms.awaited = set()
    await rooms.residency.look()
    assert rooms.loaded() == "a", "it has just been used, and one may always be there"


async def test_one_that_is_put_to_work_meanwhile_is_kept(
    house: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = house(idle_seconds=1.0)
    await rooms.load("a")
    rooms.now += 100
    monkeypatch.setattr(EngineInstance, "idle", True)
    async with rooms.engines["a"].slot(0.0):
        rooms.engines["a"].last_used = 0.0
        await rooms.residency.look()
    assert rooms.loaded() == "a"
    assert ("a", "idle") not in rooms.residency.unloads


async def test_what_is_not_used_goes_but_what_the_operator_preloads(house: Callable[..., House]) -> None:
    rooms = house(idle_seconds=60.0, preload=("b",))
    for name in "abc":
        await rooms.load(name)
    rooms.now += 58
    async with rooms.engines["c"].slot(0.0):
        pass
    rooms.now += 2
    await rooms.residency.look()
    assert rooms.loaded() == "bc"
    assert rooms.residency.unloads == {("a", "idle"): 1}


async def test_what_all_live_streams_share_does_not_go_for_want_of_use(
    house: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = house(idle_seconds=1.0)
    vad: EngineInstance[Any] = EngineInstance("silero", registry(), lambda: rooms.settings, clock=lambda: rooms.now)
    rooms.engines["silero"] = vad
    rooms.now += 100
    monkeypatch.setattr(EngineInstance, "idle", True)
    await rooms.residency.look()
    assert "silero" not in rooms.gone
    assert "a" in rooms.gone


async def test_what_an_operator_unloads_takes_nothing_at_once(house: Callable[..., House]) -> None:
    rooms = house()
    await rooms.load("a")
    instance = rooms.engines["a"]
    await rooms.residency.look()
    assert instance.memory == SIZE
    await instance.unload()
    assert instance.memory == 0


async def test_it_looks_when_something_was_loaded(house: Callable[..., House]) -> None:
    rooms = house(idle_seconds=60.0)
    await rooms.load("a")
    rooms.now += 60
    watch = asyncio.create_task(rooms.residency.run())
    rooms.residency.look_soon()
    await until(lambda: not rooms.loaded())
    watch.cancel()
    await asyncio.wait([watch])


@pytest.mark.parametrize("turns", range(5))
async def test_it_ends_when_it_is_cancelled_just_as_something_was_loaded(
    house: Callable[..., House], turns: int
) -> None:
    residency = house().residency
    task = asyncio.create_task(residency.run())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    residency.look_soon()
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    ended, _ = await asyncio.wait([task], timeout=PATIENCE)
    assert ended and task.cancelled()


async def test_metrics_tell(house: Callable[..., House]) -> None:
    rooms = house(memory_bytes=SIZE)
    for name in "ab":
        await rooms.load(name)
    await rooms.residency.look()
    metrics = Metrics()
    MemoryMetrics(rooms.residency.memory, lambda: rooms.residency.unloads, metrics.registry)
    page = metrics.render()[0].decode()
    assert 'stts_engine_memory_bytes{engine="b"} 100.0' in page
    assert 'stts_engine_memory_bytes{engine="a"}' not in page
    assert 'stts_engine_unloads_total{engine="a",reason="memory"} 1.0' in page


@pytest.mark.socket
async def test_the_memory_of_a_child_is_measured_and_given_back() -> None:
    child = InstanceSettings(engine="tone", runs_in="process")
    settings = Settings(engines=EngineSettings(instances={"tone": child}))
    instance: EngineInstance[Any] = EngineInstance("tone", registry(), lambda: settings)
    try:
        assert await instance.measure() == 0
        await instance.load()
        assert 5_000_000 < await instance.measure() < 500_000_000
        await instance.unload()
        assert await instance.measure() == 0
    finally:
        await instance.close()
    assert own_memory() > 5_000_000
    assert memory_of(2**22 + 1) == 0, "no such process"
